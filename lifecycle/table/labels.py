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
    "gesamtergebnis", "eindtotaal", "total geral", "totale complessivo", "totalsumma", "totalsum", "hovedtotal", "celkový součet",
    "suma końcowa", "végösszeg", "kaikki yhteensä", "общий итог", "итог", "総計", "集計", "汇总", "총합계",
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
_STATISTICS = (
    "std", "stdev", "std dev", "std.dev", "std. dev", "sd", "standard deviation", "median", "variance", "var", "quartile", "25%", "50%", "75%",
    "count", "min", "max", "minimum", "maximum", "stabw", "standardabweichung", "varianz", "anzahl", "écart-type", "écart type", "médiane",
    "variance", "desviación estándar", "desv. est", "mediana", "varianza", "mínimo", "máximo", "deviazione standard", "minimo", "massimo",
    "desvio padrão", "standaardafwijking", "mediaan", "odchylenie standardowe", "standardavvikelse", "стандартное отклонение", "медиана",
    "标准差", "中位数", "標準偏差", "中央値", "最大", "最小", "最大値", "最小値", "표준편차",
)  # fmt: skip
_STATISTIC = re.compile(
    rf"({'|'.join(map(re.escape, sorted(set(_STATISTICS), key=len, reverse=True)))})\W*", re.IGNORECASE
)
# behind what they sum, as pivot tables write them: North Total, Nord Ergebnis, 東京 集計
_BEHIND = (
    "total", "subtotal", "sub-total", "summe", "ergebnis", "gesamt", "zwischensumme", "totaal", "totale", "suma", "celkem", "összesen",
    "toplamı", "toplam", "yhteensä", "razem", "итог", "итого", "всего", "合計", "小計", "集計", "计", "合计", "小计", "汇总", "합계", "요약",
)  # fmt: skip
_BEHIND_PATTERN = rf"\S[\s_:–-]+({'|'.join(map(re.escape, _BEHIND))})\W*$"
# for Arrow, which looks for the words alone
TOTAL_PATTERN = rf"^\W*({'|'.join(map(re.escape, sorted(_TOTAL_WORDS, key=len, reverse=True)))})"
_MARK_PATTERN = r"^\s*(?:\*{1,5}|[ΣΦ∑])\s*$"  # as SAP and pivot tables mark the levels of their sums
SUBTOTAL_PATTERN = rf"{TOTAL_PATTERN}|{_BEHIND_PATTERN}|{_MARK_PATTERN}"
_SUBTOTAL = re.compile(_BEHIND_PATTERN, re.IGNORECASE)
_TOTAL = re.compile(rf"{TOTAL_PATTERN}\b\W*(?P<rest>.*)$", re.IGNORECASE)
_SUM_MARK = re.compile(_MARK_PATTERN)
_NOTE = re.compile(
    rf"\W*({'|'.join(map(re.escape, sorted(_NOTE_WORDS, key=len, reverse=True)))})\s*(\d+\s*)?([:：.)]|$)|\s*(\*|†|‡|¹|²|³|©|※|＊|\(\d\)|\[\d\])",
    re.I,
)
TOTAL, NOTE = "a total of the rows above, not a row", "a note below the table, not a row"


def is_total_label(cell: str) -> bool:
    """Whether the cell names a total: the word alone, or with what it sums (`Total North`), not a sentence."""
    found = _TOTAL.match(cell.strip())
    return bool(found and len(cell) <= 40 and len(found["rest"].split()) <= 3)


def is_subtotal_label(cell: str) -> bool:
    """Whether the cell may name the sum of the rows above it: as a total, or with the word at its end (`North Total`), as a brand
    or a test in a laboratory may be called too."""
    return is_total_label(cell) or is_sum_mark(cell) or (len(cell) <= 60 and _SUBTOTAL.search(cell) is not None)


def is_sum_mark(cell: str) -> bool:
    """Whether the cell is a mark alone that may stand for a sum, as `*` and `**` do; stars rate and footnote as well."""
    return _SUM_MARK.match(cell) is not None


def is_statistic_label(cell: str) -> bool:
    """Whether the cell names a figure on the rows above that is no sum: a deviation, a median, the least."""
    return _STATISTIC.fullmatch(cell.strip()) is not None


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
