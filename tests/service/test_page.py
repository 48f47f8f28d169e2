"""The page for people, in a real browser: filled in, asked, answered, corrected; nothing from outside."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.service.running import running

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not BROWSER, reason="NO BROWSER: apt-get install chromium, or the page is not tested")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service(folder, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('log')}/p.db"
    with running(folder, "--version", "v1.0.0", PREDICTION_LOG=url) as (_, address):
        yield address


@pytest.fixture
def page(browser, service):
    """A page whose every request is written down, and whose errors fail the test."""
    page = browser.new_page()
    page.asked, errors = [], []
    page.on("request", lambda r: page.asked.append(r.url))
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" and "422" not in m.text else None)
    page.goto(service + "/")
    yield page
    page.close()
    assert not errors


def test_an_example_stands_in_the_form_and_is_answered(page, service):
    assert page.inner_text("h1") == "A flat <b>&", "the statement is text, not markup"
    assert "v1.0.0" in page.inner_text("#version")
    page.click("button")
    answer = page.locator("#answer")
    answer.locator("strong").wait_for()
    assert answer.locator("strong").inner_text() in ("yes", "no")
    assert (
        answer.locator(".bar").count() == 2
        and "%" in answer.inner_text()
        and "kept in the prediction log" in answer.inner_text()
    )
    assert all(url.startswith(service) or url.startswith("data:") for url in page.asked), page.asked


def test_what_is_not_known_or_far_out_is_said(page):
    page.fill("[data-column=rooms]", "99")
    page.select_option("[data-column=place]", "")
    page.fill("[data-column=size]", "")
    page.click("button")
    page.locator("#answer strong").wait_for()
    said = page.inner_text("#answer")
    assert (
        "rooms is outside the range seen in training" in said
        and "place is not known" in said
        and "size is not known" in said
    )


def test_a_wrong_entry_is_refused_beside_its_column(page):
    page.fill("[data-column=rooms]", "three")
    page.click("button")
    page.locator("#answer .bad").first.wait_for()
    assert "rooms takes a number" in page.inner_text("#answer")
    page.fill("[data-column=rooms]", "3")
    page.keyboard.press("Enter")
    page.locator("#answer strong").wait_for()


def test_the_true_value_is_kept(page):
    page.click("button")
    page.select_option("#truth", "yes")
    page.get_by_text("kept", exact=True).wait_for()


@pytest.mark.parametrize("lost, shown", [(1, "#form button"), (9, "text=The service does not answer")])
def test_a_request_that_is_lost_is_made_again_or_said(browser, service, lost, shown):
    page, asked = browser.new_page(), []

    def lose(route):
        asked.append(route)
        if len(asked) <= lost:
            route.abort()
        else:
            route.continue_()

    page.route("**/page.json", lose)
    page.goto(service + "/")
    page.locator(shown).wait_for()
    page.close()


def test_the_card_and_the_command_are_there(page):
    page.click("#card summary")
    page.locator("#card table").first.wait_for()
    assert "Limits" in page.inner_text("#card") and "log_loss" in page.inner_text("#card")
    page.click("text=The same from a program")
    assert "curl http://127.0.0.1" in page.inner_text("#curl")


def test_with_a_key_the_pages_have_a_field_for_it(browser, folder, tmp_path):
    with running(folder, PREDICTION_LOG=f"sqlite:///{tmp_path}/p.db", API_KEY="secret") as (_, address):
        page = browser.new_page()
        page.goto(address + "/")
        assert "rooms" not in page.content()
        page.fill("#key", "wrong")
        page.click("button")
        page.get_by_text("This key is not").wait_for()
        page.fill("#key", "secret")
        page.keyboard.press("Enter")
        page.click("text=Predict")
        page.locator("#answer strong").wait_for()
        assert "X-API-Key" in page.text_content("#curl") and "secret" not in page.text_content("#curl")
        page.goto(address + "/docs")
        page.fill("#key", "secret")
        page.keyboard.press("Enter")
        page.get_by_text("/predict", exact=True).first.wait_for()
        page.close()


def test_a_phone_shows_it_without_scrolling_sideways(browser, service):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(service + "/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("label").count() == page.locator("label :is(input, select, textarea)").count(), (
        "each control has its label"
    )
    page.close()


def test_the_docs_need_no_outside_address(browser, service):
    page = browser.new_page()
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto(service + "/docs")
    page.get_by_text("/predict", exact=True).first.wait_for()
    groups = page.locator("h3.opblock-tag").all_inner_texts()
    assert [group.split()[0] for group in groups] == ["Predict", "Feedback", "Health", "About", "Open"]
    assert all(url.startswith(service) or url.startswith("data:") for url in asked), asked
    page.close()
