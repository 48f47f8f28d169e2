# Only in the template: from a table to a generated, reproduced repository in one command.
#
#     make new                                                    the example
#     make new DATA=churn.csv TARGET=Churn [NAME="Telco churn"]   your table; beside this folder, or under OUT=

# what generates projects and tests the template, too
LOCK := requirements-template.txt

NAME ?= $(or $(basename $(notdir $(DATA))),Bakery)
OUT ?= ..
export NAME DATA TARGET OUT

.PHONY: new slow docs
new: .venv/ready ## a project from NAME, DATA, TARGET, reproduced (cookiecutter . && python -m actions.repro)
	$(BIN)/cookiecutter . --no-input --output-dir "$$OUT" project_name="$$NAME" data="$$DATA" \
		$${TARGET:+target="$$TARGET"}
	cd "$$OUT/$$($(BIN)/slugify "$$NAME")" && python -m actions.repro

slow: .venv/ready ## the tests that run whole pipelines (pytest -m slow -n auto --dist loadfile)
	$(BIN)/python -m pytest -m slow -n auto --dist loadfile

docs: .venv/ready ## the docs as a site, with strict links (zensical build --strict); open site/index.html
	$(BIN)/python -m docs.reference
	$(BIN)/zensical build --strict --clean
