"""One reader of dates: the formats of a column, and the moment that a cell is."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lifecycle.table import dates
from tests.table.columns import N, made, spread

GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
MOMENTS = [datetime(2020, 1, 1) + timedelta(minutes=m) for m in spread(0, 1_500_000)]
DAYS = [datetime(m.year, m.month, m.day) for m in MOMENTS]
MONTHS = [datetime(m.year, m.month, 1) for m in MOMENTS]


def written(pattern: str, moments=MOMENTS) -> list[str]:
    return [m.strftime(pattern) for m in moments]


FORMS = {
    "iso": (written("%Y-%m-%d"), DAYS),
    "iso with a zone": ([f"{m:%Y-%m-%dT%H:%M}:00+02:00" for m in MOMENTS], [m - timedelta(hours=2) for m in MOMENTS]),
    "day first": (written("%d/%m/%Y"), DAYS),
    "month first": (written("%m/%d/%Y"), DAYS),
    "half of the day": (written("%m/%d/%Y %I:%M %p"), MOMENTS),
    "points": (written("%d.%m.%Y"), DAYS),
    "year first, points": (written("%Y.%m.%d"), DAYS),
    "two digits, points": (written("%d.%m.%y"), DAYS),
    "two digits, month first": (written("%m/%d/%y"), DAYS),
    "two digits, year first": (written("%y/%m/%d"), DAYS),
    "dotted clock": (written("%d.%m.%Y %H.%M"), MOMENTS),
    "sas": ([t.upper() for t in written("%d%b%Y")], DAYS),
    "sas with time": ([t.upper() for t in written("%d%b%Y:%H:%M:%S")], MOMENTS),
    "rfc 2822": (written("%a, %d %b %Y %H:%M:%S +0100"), [m - timedelta(hours=1) for m in MOMENTS]),
    "american zone": (written("%m/%d/%Y %I:%M %p EST"), [m + timedelta(hours=5) for m in MOMENTS]),
    "zone by name": (written("%Y-%m-%d %H:%M EEST"), [m - timedelta(hours=3) for m in MOMENTS]),
    "zone and its name": (written("%Y-%m-%dT%H:%M:%S+02:00[Europe/Berlin]"), [m - timedelta(hours=2) for m in MOMENTS]),
    "script": (written("%a %b %d %Y %H:%M:%S GMT+0100 (Central European Standard Time)"), [m - timedelta(hours=1) for m in MOMENTS]),
    "zone from UTC": (written("%Y-%m-%d %H:%M UTC-03:00"), [m + timedelta(hours=3) for m in MOMENTS]),
    "ctime": (written("%a %b %d %H:%M:%S %Y"), MOMENTS),
    "long": (written("%A, %B %d, %Y"), DAYS),
    "ordinal": ([f"{m:%B} {m.day}{'st' if m.day == 1 else 'th'}, {m.year}" for m in MOMENTS], DAYS),
    "german": ([f"{m.day}. {GERMAN[m.month - 1]} {m.year}" for m in MOMENTS], DAYS),
    "french": ([f"{m.day} {FRENCH[m.month - 1]} {m.year}" for m in MOMENTS], DAYS),
    "spanish": ([f"{m.day} de {SPANISH[m.month - 1]} de {m.year}" for m in MOMENTS], DAYS),
    "japanese": ([f"{m.year}年{m.month}月{m.day}日" for m in MOMENTS], DAYS),
    "compact": (written("%Y%m%d"), DAYS),
    "compact with time": (written("%Y%m%d%H%M"), MOMENTS),
    "esri": (written("%Y/%m/%d %H:%M:00+00"), MOMENTS),
    "month": (written("%Y-%m"), MONTHS),
    "month, slash": (written("%m/%Y"), MONTHS),
    "month, point": (written("%m.%Y"), MONTHS),
    "month, name": (written("%b-%y"), MONTHS),
    "month, compact": (written("%Y%m"), MONTHS),
    "quarter": ([f"{m.year}-Q{(m.month + 2) // 3}" for m in MOMENTS], [datetime(m.year, (m.month - 1) // 3 * 3 + 1, 1) for m in MOMENTS]),
    "polish clock": (written("%d.%m.%Y godz. %H:%M"), MOMENTS),
    "japanese with weekday and clock": ([f"{m:%Y/%m/%d}（{'月火水木金土日'[m.weekday()]}）{m.hour}時{m.minute}分" for m in MOMENTS], MOMENTS),
    "chinese, half of the day": ([f"{m.year}年{m.month}月{m.day}日 {'下午' if m.hour > 11 else '上午'}{m:%I}时{m:%M}分" for m in MOMENTS], MOMENTS),
    "korean": ([f"{m.year}년 {m.month}월 {m.day}일 {m.hour}시 {m.minute}분" for m in MOMENTS], MOMENTS),
    "asp.net": ([f"/Date({int((m - datetime(1970, 1, 1)).total_seconds()) * 1000})/" for m in MOMENTS], MOMENTS),
    "asp.net with a zone": ([f"/Date({int((m - datetime(1970, 1, 1)).total_seconds()) * 1000}+0200)/" for m in MOMENTS], MOMENTS),
    "week": (written("%G-W%V"), [d - timedelta(days=d.weekday()) for d in DAYS]),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
def test_a_date_is_read_however_it_is_written(kind):
    texts, expected = FORMS[kind]
    table = made(c=texts)
    assert table.type("c") in ("date", "datetime"), table.field("c")
    assert table.values("c") == [pd.Timestamp(m) for m in expected], table.field("c")


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("started_at", [int((m - datetime(1970, 1, 1)).total_seconds()) for m in MOMENTS], MOMENTS),
        ("ts", [int((m - datetime(1970, 1, 1)).total_seconds()) * 1000 for m in MOMENTS], MOMENTS),
        ("OrderDate", [(d - datetime(1899, 12, 30)).days for d in DAYS], DAYS),
        ("Lieferdatum", written("%d%m%y"), DAYS),
        ("event_time", [int((m - datetime(1970, 1, 1)).total_seconds()) * 10**9 for m in MOMENTS], MOMENTS),
        ("obs_date", written("%Y%j"), DAYS),
        ("data_medicao", [*written("%Y-%j")], DAYS),
    ],
)
def test_numbers_are_moments_where_the_name_says_so(name, cells, expected):
    table = made(**{name: cells})
    assert table.values(name) == [pd.Timestamp(m) for m in expected], table.field(name)


@pytest.mark.parametrize(
    ("name", "cells"),
    [("update_count", spread(20000, 40000)), ("days_open", spread(20000, 40000)), ("amount", spread(10**7, 10**8 - 1)),
     ("lot", spread(100000, 999999)), ("load", spread(10**11, 10**12 - 1)), ("price", [f"{v}.05" for v in spread(1000, 2500)])],
)  # fmt: skip
def test_other_numbers_are_none(name, cells):
    assert made(**{name: cells}).type(name) in ("integer", "number")


@pytest.mark.parametrize("pattern", ["%Y%j", "%Y-%j"])
def test_the_counted_day_of_a_year_is_only_said_where_no_name_says_that_it_is_one(pattern):
    table = made(launch=written(pattern))
    assert table.type("launch") not in ("date", "datetime") and "{type: date" in table.said("launch")
    again = made(columns={"launch": {"type": "date"}}, launch=written(pattern))
    assert again.values("launch") == [pd.Timestamp(d) for d in DAYS]
    assert "date" not in made(file_no=written(pattern)).said("file_no")


@pytest.mark.parametrize("name", ["article", "zeit"])
def test_an_article_whose_end_could_be_a_day_of_a_year_is_none(name):
    table = made(**{name: [f"{1000 + 53 * i}-{1 + 7 * i % 366:03d}" for i in range(160)]})
    assert table.type(name) == "string" and "date" not in table.said(name)


@pytest.mark.parametrize(
    ("pattern", "cells"),
    [
        ("%Y年%m月%d日 %H時%M分", [f"{m.year}年{m.month}月{m.day}日 {m.hour}時{m:%M}分" for m in MOMENTS]),
        ("%Y年%m月%d日(%a) %H:%M", [f"{m.year}年{m.month}月{m.day}日({'月火水木金土日'[m.weekday()]}) {m:%H:%M}" for m in MOMENTS]),
        ("%Y-%j %H:%M", [f"{m.year}-{m.timetuple().tm_yday} {m:%H:%M}" for m in MOMENTS]),
    ],
)  # fmt: skip
def test_a_format_that_params_name_is_taken_as_it_is_written(pattern, cells):
    table = made(columns={"c": {"type": "datetime", "format": pattern}}, c=cells)
    assert table.values("c") == [pd.Timestamp(m) for m in MOMENTS]


def test_a_day_that_a_year_does_not_have_is_none():
    assert dates.read("2023-366", ("%Y-%j",)) is None and dates.read("2024-366", ("%Y-%j",)) == datetime(2024, 12, 31)


@pytest.mark.parametrize("cells", [written("%H:%M"), written("%Hh%M"), written("%H.%M.%S"), written("%I:%M %p")])
def test_a_time_of_day_is_no_time_of_the_row(cells):
    table = made(c=cells)
    assert table.type("c") == "datetime" and table.field("c")["role"] == "feature"
    assert dates.is_clock(table.field("c")["format"]) and len(set(table.values("c"))) == len(set(cells))


def test_several_formats_that_leave_no_doubt_stand_in_one_column():
    patterns = ["%d/%m/%Y", "%Y-%m-%d", "%d-%b-%y", "%d %B %Y"]
    cells = [m.strftime(patterns[i % 4]) for i, m in enumerate(MOMENTS)]
    table = made(c=cells)
    assert table.values("c") == [pd.Timestamp(d) for d in DAYS]
    assert len(table.field("c")["formats"]) == 4 and "4 formats" in table.said("c")


def test_another_column_of_the_file_tells_day_and_month_apart():
    doubtful = [f"{a:02}/{b:02}/2021" for a, b in zip(spread(1, 12), spread(1, 12, seed=2), strict=True)]
    table = made(a=doubtful, b=written("%m/%d/%Y"))
    assert table.field("a")["format"] == "%m/%d/%Y" and "would fit" not in table.said("a")
    alone = made(a=doubtful)
    assert alone.field("a")["format"] == "%d/%m/%Y" and "would fit %m/%d/%Y" in alone.said("a")
    points = made(a=[t.replace("/", ".") for t in doubtful], b=written("%m/%d/%Y"))
    assert points.field("a")["format"] == "%d.%m.%Y"  # nobody writes the month first with points


def test_what_holds_no_real_date_is_missing_and_said():
    open_end = ["9999-12-31" if i % 6 == 0 else t for i, t in enumerate(written("%Y-%m-%d"))]
    table = made(c=open_end, d=["00.00.0000" if i % 5 == 0 else t for i, t in enumerate(written("%d.%m.%Y"))])
    assert table.values("c")[0] is None and "9999-12-31" in table.said("c")
    assert table.values("d").count(None) == N // 5
    epoch = made(c=["1970-01-01" if i % 6 == 0 else t for i, t in enumerate(written("%Y-%m-%d"))])
    assert epoch.values("c")[0] == pd.Timestamp(1970, 1, 1) and "decades before" in epoch.said("c")
    open_end = made(c=["2099-12-31" if i % 6 == 0 else t for i, t in enumerate(written("%Y-%m-%d"))])
    assert "2099-12-31, decades after" in open_end.said("c")


def test_a_word_between_dates_is_missing():
    table = made(";", c=["nie" if i % 4 == 0 else t for i, t in enumerate(written("%d.%m.%Y"))])
    assert table.values("c").count(None) == N // 4 and '"nie"' in table.said("c")


@pytest.mark.parametrize(
    "text", ["2024-02-31", "12", "", "2024-03-05 24:01", "1.2.3", "10.0.0.1", "May", "5-10", "32/01/2024"]
)
def test_what_looks_like_a_date_and_is_none_is_no_date(text):
    assert dates.read(text, (dates.ISO, "%d/%m/%Y", "%d.%m.%Y")) is None


def test_a_day_of_a_month_without_a_year_is_no_date():
    table = made(c=written("%b %d"))
    assert table.type("c") in ("string", "text") and made(c=written("%b %y")).type("c") == "date"


def test_iso_is_understood_in_every_column():
    assert dates.read("2024-04-03", ("%d/%m/%Y",)) == datetime(2024, 4, 3)
    assert dates.read("2024-04-03T10:00:00+02:00", ("%d/%m/%Y",)) == datetime(2024, 4, 3, 8)


def test_a_pattern_of_the_users_own_is_followed():
    table = made(c=[f"{m:%Y}/{m:%j}" for m in DAYS], columns={"c": {"type": "date", "format": "%Y/%j"}})
    assert table.values("c") == [pd.Timestamp(d) for d in DAYS]


@pytest.mark.parametrize("form", [dates.ISO, "%d/%m/%Y", "%d.%m.%Y %H:%M", "%Y%m%d", "%Y-%m", "%m/%d/%Y %H:%M:%S"])
def test_a_whole_column_is_read_as_each_of_its_cells_is(form):
    patterns = [
        "%Y-%m-%d",
        "%d/%m/%Y",
        "%d.%m.%Y %H:%M",
        "%Y%m%d",
        "%Y-%m",
        "%Y-%m-%d %H:%M:%S",
        "%m/%d/%Y %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
    ]
    odd = [
        "",
        "x",
        "31/02/2021",
        "2021-02-29",
        "2020-13-01",
        "00/01/2020",
        "2020-1-1",
        "1/2/2020",
        "2021-02-03T10:00",
        "２０２１-02-03",
    ]
    column = pd.Series([t for p in patterns for t in written(p)] + odd, dtype="str")
    assert len(column) > dates.KERNEL_FROM
    one_by_one = np.array([dates.read(t, (form,)) for t in column], dtype="datetime64[us]")
    np.testing.assert_array_equal(dates.moments(column, (form,)), one_by_one)


@pytest.mark.parametrize(
    "months", ["января февраля марта", "ianuarie februarie martie", "tammikuuta helmikuuta maaliskuuta"]
)
def test_months_of_other_languages_and_the_words_around_them(months):
    names = months.split()
    behind = " г." if "января" in names else ""
    cells = [f"{1 + i % 28} {names[i % 3]} 2021{behind}" for i in range(N)]
    assert made(c=cells).values("c") == [pd.Timestamp(2021, 1 + i % 3, 1 + i % 28) for i in range(N)]


def test_a_date_of_eight_digits_has_its_day_or_month_first_or_its_year():
    for form in ("%m%d%Y", "%d%m%Y", "%Y%m%d"):
        cells = [day.strftime(form) for day in DAYS]
        assert made(Date=cells).values("Date")[0] == pd.Timestamp(DAYS[0]), form


def test_numbers_that_are_named_a_date_and_are_none_that_is_known_are_said():
    table = made(invoice_date=[11_012_018 + 13_000 * i for i in range(120)], views=list(range(10_000, 10_120)))
    assert table.type("invoice_date") == "integer" and "if they are dates" in table.said("invoice_date")
    assert "if they are dates" not in table.said("views")


def test_of_years_of_two_digits_it_is_said_from_when_to_when_they_run():
    table = made(born=[f"{i % 12 + 1}/{i % 28 + 1}/{40 + i % 55:02d}" for i in range(120)])
    assert "run from 1969 to 2068" in table.said("born")


@pytest.mark.parametrize("name", ["Release Date", "release_year", "mobile_wt", "version_count"])
def test_a_word_for_a_code_within_a_name_makes_no_code_of_dates_and_numbers(name):
    cells = [f"{day:%b %d %Y}" for day in DAYS] if "Date" in name else [1950 + i % 70 for i in range(120)]
    assert made(**{name: cells}).type(name) in ("date", "integer")


@pytest.mark.parametrize(
    "name", ["phone", "Phone 2", "tel_no", "mobile number", "firmware version", "IP", "ip_address"]
)
def test_a_word_for_a_code_at_the_end_of_a_name_says_what_its_numbers_are(name):
    assert made(**{name: [100 + i for i in range(120)]}).type(name) == "string"


def test_a_column_that_is_named_a_date_keeps_its_dates_beside_some_slips():
    cells = [*written("%Y-%m-%d")[:105], *["1976-13-24", "21-11-46x", "?? 1999"] * 5]
    assert made(**{"Release date": cells}).type("Release date") == "date"
    assert "15 of its cells cannot be read as date" in made(**{"Release date": cells}).said("Release date")
    assert made(remark=cells).type("remark") != "date"


def test_the_example_of_a_doubtful_date_is_one_that_is_doubtful():
    cells = [*written("%Y-%m-%d")[:100], *["03 04 1999"] * 10, *["05 06 1998"] * 10]
    assert "dates such as 03 04 1999 are read as %d %m %Y, and would fit %m %d %Y" in made(day=cells).said("day")


@pytest.mark.parametrize("era", [("令和", 2018), ("平成", 1988), ("昭和", 1925), ("民國", 1911)], ids=str)
def test_a_year_of_an_era_is_one_of_the_common_calendar(era):
    name, before = era
    cells = [
        f"{name}{i % 8 + 1}年{i % 12 + 1}月{i % 28 + 1}日".replace(f"{name}1年", f"{name}元年") for i in range(120)
    ]
    assert made(day=cells).values("day")[:2] == [pd.Timestamp(before + 1, 1, 1), pd.Timestamp(before + 2, 2, 2)]


def test_a_date_that_only_one_order_fits_is_no_example_of_a_doubt():
    cells = [*written("%Y-%m-%d")[:110], *["09 21 1972", "03 22 1999"] * 5]
    assert "would fit" not in made(**{"Release date": cells}).said("Release date")


ALBANIAN = "janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor".split()
ARABIC = "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر".split()
BULGARIAN = "януари февруари март април май юни юли август септември октомври ноември декември".split()
CROATIAN = "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca".split()
ESTONIAN = "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember".split()
GREEK = "Ιαν Φεβ Μαρ Απρ Μαΐ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ".split()
HEBREW = "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר".split()
HINDI = "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर".split()
LITHUANIAN = "sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio".split()
THAI = "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.".split()
SCRIPTS = {
    "albanian": [f"{d.day} {ALBANIAN[d.month - 1]} {d.year}" for d in DAYS],
    "arabic": [f"{d.day} {ARABIC[d.month - 1]} {d.year}" for d in DAYS],
    "bulgarian": [f"{d.day} {BULGARIAN[d.month - 1]} {d.year} г." for d in DAYS],
    "estonian": [f"{d.day}. {ESTONIAN[d.month - 1]} {d.year}" for d in DAYS],
    "greek": [f"{d.day}-{GREEK[d.month - 1]}-{d.year % 100}" for d in DAYS],
    "hebrew": [f"{d.day} ב{HEBREW[d.month - 1]} {d.year}" for d in DAYS],
    "hindi": [f"{d.day} {HINDI[d.month - 1]} {d.year}" for d in DAYS],
    "lithuanian": [f"{d.year} m. {LITHUANIAN[d.month - 1]} {d.day} d." for d in DAYS],
    "thai": [f"{d.day} {THAI[d.month - 1]} {d.year}" for d in DAYS],
    "vietnamese": [f"ngày {d.day} tháng {d.month} năm {d.year}" for d in DAYS],
}


@pytest.mark.parametrize("language", SCRIPTS)
def test_months_of_other_scripts_and_smaller_languages(language):
    table = made(c=SCRIPTS[language])
    assert table.type("c") == "date" and table.values("c") == [pd.Timestamp(d) for d in DAYS]


def test_dates_with_words_that_are_no_known_months_are_said_to_be_unread():
    """Listopad is October in Zagreb and November in Prague, so that these are not guessed at."""
    table = made(c=[f"{d.day}. {CROATIAN[d.month - 1]} {d.year}." for d in DAYS])
    assert table.type("c") != "date" and "words for the months that are not known" in table.said("c")
    wines = [f"{b} {('Merlot', 'Syrah')[b % 2]} {y}" for b, y in zip(spread(1, 28), spread(1990, 2020), strict=True)]
    assert "months" not in made(c=wines).said("c")


def test_the_end_of_a_day_is_the_beginning_of_the_next():
    """As energy meters count the hours, from 1:00 to 24:00."""
    table = made(";", c=[f"{1 + i // 24:02d}.03.2023 {1 + i % 24:02d}:00" for i in range(N)])
    assert table.values("c")[22:25] == [
        pd.Timestamp(2023, 3, 1, 23),
        pd.Timestamp(2023, 3, 2),
        pd.Timestamp(2023, 3, 2, 1),
    ]
    assert dates.read("2023-12-31T24:00:00", (dates.ISO,)) == datetime(2024, 1, 1)


@pytest.mark.parametrize("none", ["0", "00000000"])
def test_a_zero_among_days_in_digits_is_no_day(none):
    table = made(c=[none if i % 4 == 0 else t for i, t in enumerate(written("%Y%m%d"))])
    assert (
        table.type("c") == "date"
        and table.values("c").count(None) == N // 4
        and f'"{none}" among dates' in table.said("c")
    )


@pytest.mark.parametrize("none", ["1/0/1900", "00.01.1900", "99/99/9999"])
def test_what_a_spreadsheet_or_a_form_writes_for_no_date_is_missing(none):
    table = made(c=[none if i % 4 == 0 else t for i, t in enumerate(written("%d/%m/%Y"))])
    assert table.type("c") == "date" and table.values("c").count(None) == N // 4


def test_the_order_of_day_and_month_is_that_of_each_form():
    """As where two programs wrote the files of a folder."""
    table = made(c=[f"{d:%d.%m.%Y}" if i % 2 else f"{d:%m/%d/%Y}" for i, d in enumerate(DAYS)])
    assert table.values("c") == [pd.Timestamp(d) for d in DAYS]


def test_two_orders_of_one_form_are_said():
    table = made(c=[f"{d:%d/%m/%Y}" if i % 2 else f"{d:%m/%d/%Y}" for i, d in enumerate(DAYS)])
    assert table.type("c") == "string" and "the day first" in table.said("c") and "type: date" not in table.said("c")


def test_an_average_and_a_name_are_no_months():
    assert made(c=[f"avg {2000 + i % 24}" for i in range(N)]).type("c") == "string"
    assert "months" not in made(c=[f"IAN {20 + i % 9}" for i in range(N)]).said("c")
