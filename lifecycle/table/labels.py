"""Words that say that a line is a total, a source or a note, in the languages that tables come in.

Only the standard library: the generation hook carries a copy.
"""

from __future__ import annotations

import re

from lifecycle.table.records import Broken

_TOTAL_WORDS = (
    "total", "totals", "grand total", "overall", "sum", "sums", "subtotal", "sub-total", "all", "average", "avg", "mean",
    "summe", "gesamt", "insgesamt", "gesamtsumme", "zwischensumme", "endsumme", "durchschnitt", "mittelwert",
    "totaux", "total général", "sous-total", "somme", "ensemble", "moyenne", "suma", "suma total", "total general",
    "promedio", "media", "somma", "totale", "totale generale", "totais", "soma", "média", "totaal", "som", "gemiddelde",
    "summa", "totalt", "sammanlagt", "i alt", "yhteensä", "razem", "ogółem", "łącznie", "średnia", "celkem", "součet",
    "spolu", "összesen", "toplam", "genel toplam", "ortalama", "ukupno", "skupaj", "kokku", "kopā", "iš viso",
    "итого", "всего", "сумма", "среднее", "разом", "усього", "общо", "σύνολο", "合计", "合計", "总计", "總計", "总和",
    "計", "小計", "小计", "平均", "合计数", "합계", "총계", "평균", "รวม", "tổng", "tổng cộng", "jumlah", "कुल", "योग",
    "المجموع", "الإجمالي", "مجموع", "סה\"כ", "סך הכל", "جمع",
)  # fmt: skip
_NOTE_WORDS = (
    "source", "sources", "note", "notes", "remark", "remarks", "footnote", "disclaimer", "generated", "exported", "created",
    "quelle", "quellen", "anmerkung", "anmerkungen", "hinweis", "hinweise", "stand", "erstellt", "fußnote", "fuente",
    "fuentes", "nota", "notas", "fonte", "fonti", "remarque", "remarques", "bron", "opmerking", "källa", "anm", "kilde",
    "lähde", "źródło", "uwaga", "uwagi", "zdroj", "poznámka", "forrás", "megjegyzés", "kaynak", "not", "izvor",
    "источник", "примечание", "примечания", "джерело", "примітка", "πηγή", "出典", "出所", "資料", "注", "注記", "备注",
    "资料来源", "来源", "註", "자료", "출처", "주", "المصدر", "ملاحظة", "מקור",
)  # fmt: skip
# for Arrow, which looks for the words alone
TOTAL_PATTERN = rf"^\W*({'|'.join(map(re.escape, sorted(_TOTAL_WORDS, key=len, reverse=True)))})"
_TOTAL = re.compile(rf"{TOTAL_PATTERN}\b\W*(?P<rest>.*)$", re.IGNORECASE)
_NOTE = re.compile(
    rf"\W*({'|'.join(map(re.escape, sorted(_NOTE_WORDS, key=len, reverse=True)))})\s*(\d+\s*)?([:：.)]|$)|\s*(\*|†|‡|¹|²|³|©|\(\d\)|\[\d\])",
    re.I,
)
TOTAL, NOTE = "a total of the rows above, not a row", "a note below the table, not a row"


def is_total_label(cell: str) -> bool:
    """Whether the cell names a total: the word alone, or with what it sums (`Total North`), not a sentence."""
    found = _TOTAL.match(cell.strip())
    return bool(found and len(cell) <= 40 and len(found["rest"].split()) <= 3)


def is_note_label(cell: str) -> bool:
    """Whether the cell begins as a source or remark does: `Source: own survey`, `* provisional`."""
    return bool(_NOTE.match(cell)) and len(cell.strip()) > 1


def named_notes(broken: list[Broken], last_row: int) -> list[Broken]:
    """`broken` with a better reason than its width for a line that begins as a note or total does, and for texts alone
    below the last row, whose line is `last_row`, and what stands below these: they are no faults of form."""
    alone = [_line(b) for b in broken if b.reason.startswith("has 1 cells") and _line(b) > last_row]
    first = min(alone, default=0)
    return [_named(b, last_row, first) for b in broken]


def _line(broken: Broken) -> int:
    return int(broken.source.rsplit(":", 1)[1])


def _is_narrow(reason: str) -> bool:
    """Whether a line has half of the cells of a row, or fewer."""
    cells, width = map(int, re.findall(r"\d+", reason)[:2])
    return 2 * cells <= width


def _named(broken: Broken, last_row: int, first_note: int) -> Broken:
    if not broken.reason.startswith("has "):
        return broken
    cell = re.split(r"[,;\t|]", broken.record, maxsplit=1)[0].strip().strip('"')
    if is_total_label(cell):
        return Broken(broken.source, TOTAL, broken.record, False)
    below = broken.reason.startswith("has 1 cells") and _line(broken) > last_row
    below = below or (0 < first_note < _line(broken) and _is_narrow(broken.reason))
    if is_note_label(cell) or below:
        return Broken(broken.source, NOTE, broken.record, False)
    return broken
