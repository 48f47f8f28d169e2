"""The one reader of dates: from a text to the format it is written in, and from a format and a text to a moment.

A format is a strptime pattern, in which %B and %b are a month's name in any of the usual languages, or ISO8601, epoch_s,
epoch_ms, excel. A column may have several; the contract lists them, and they alone decide how define, clean, score and the
service read a cell. ISO dates, which are never ambiguous, are always understood.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.table import cells, notation
from lifecycle.table.notation import SIMPLE

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.table.contract import Field

ISO = "ISO8601"
EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1, "epoch_ns": 0.001}  # microseconds each
EXCEL = "excel"  # days since 30 December 1899
NAT = np.datetime64("NaT", "us")
MAX_FORMATS = 8

_MONTHS = [
    "jan january januar jänner janv janvier ene enero gen gennaio janeiro januari sty stycznia styczeń led ledna января январь янв ocak oca tammikuu tammikuuta január ianuarie січня ιανουαρίου gener јануар јан јануари януари яну jaanuar jaan janvāris janvārī janvāra sausio sausis janúar janar ינואר בינואר يناير ιανουάριος ιαν січень січ ianuar yanvar қаңтар იანვარი հունվարի ژانویه جنوری xaneiro januarie januára студзеня leden",
    "feb february februar févr fev fév février febrero febbraio fevereiro februari lut lutego luty úno února февраля февраль фев şubat şub helmikuuta február februarie лютого φεβρουαρίου febrer фебруар феб февруари veebruar veebr februāris februārī februāra febr vasario vasaris febrúar shkurt פברואר בפברואר فبراير φεβρουάριος φεβ лютий лют fevral ақпан თებერვალი փետրվարի فوریه فروری febreiro pebrero лютага únor februára",
    "mar march mär märz mrz maerz mars marzo março marco maart mrt marca marzec bře března марта март мар mart maaliskuuta marts március martie березня μαρτίου maret març marec märts martā marta kovo kovas מרץ במרץ مارس μάρτιος μαρ μάρ березень бер márc наурыз მარტი մարտի machi marso مارچ сакавіка březen",
    "apr april avr avril abr abril aprile kwi kwietnia kwiecień dub dubna апреля апрель апр nisan nis huhtikuuta április aprilie квітня απριλίου април aprill aprīlis aprīlī aprīļa balandžio balandis apríl prill אפריל באפריל أبريل ابريل إبريل απρίλιος απρ квітень квіт кві ápr aprel сәуір აპრილი ապրիլի aprili آوریل اپریل красавіка apríla duben",
    "may mai mayo mag maggio maio mei maja maj kvě května мая май mayıs toukokuuta május травня μαΐου maig мај maijs maijā maija gegužės gegužė maí מאי במאי مايو μάιος μαΐ μάι травень трав тра máj мамыр მაისი մայիսի مئی toukokuu mája květen",
    "jun june juni juin junio giu giugno junho cze czerwca czerwiec čvn června июня июнь июн haziran haz kesäkuuta június iunie червня ιουνίου juny junij јун јуни юни juuni jūnijs jūnijā jūnija jūn birželio birželis júní jún qershor יוני ביוני يونيو ιούνιος ιουν ιούν червень черв чер iun iyun маусым ივნისი հունիսի hunyo ژوئن جون xuño junie чэрвеня júna červen",
    "jul july juli juil juillet julio lug luglio julho lip lipca lipiec čvc července июля июль июл temmuz tem heinäkuuta július iulie липня ιουλίου juliol julij јул јули юли juuli jūlijs jūlijā jūlija jūl liepos liepa júlí júl korrik יולי ביולי يوليو ιούλιος ιουλ ιούλ липень лип iul iyul шілде ივლისი հուլիսի julai hulyo ژوئیه جولائی xullo julie ліпеня júla červenec",
    "aug august août aou aoû agosto ago augustus augusti sie sierpnia sierpień srp srpna августа август авг ağustos ağu elokuuta augusztus серпня αυγούστου agustus agost avgust augusts augustā augusta rugpjūčio rugpjūtis ágúst gusht אוגוסט באוגוסט أغسطس αύγουστος αυγ αύγ серпень серп сер avqust тамыз აგვისტო օգոստոսի agosti ogos agu اوت اگست жніўня srpen",
    "sep sept september septembre septiembre set settembre setembro wrz września wrzesień zář září сентября сентябрь сен eylül eyl syyskuuta szeptember septembrie вересня σεπτεμβρίου setembre septembar септембар сеп септември septembris septembrī septembra rugsėjo rugsėjis shtator ספטמבר בספטמבר سبتمبر σεπτέμβριος σεπ вересень вер szept sentyabr қыркүйек სექტემბერი սեպտեմբերի septemba setyembre سپتامبر ستمبر верасня",
    "oct october okt oktober octobre octubre ott ottobre out outubro paź października październik říj října октября октябрь окт ekim eki lokakuuta október octombrie жовтня οκτωβρίου oktobar октобар октомври oktoober oktobris oktobrī oktobra spalio spalis tetor אוקטובר באוקטובר أكتوبر اكتوبر οκτώβριος οκτ жовтень жовт жов oktyabr қазан ოქტომბერი հոկտեմբերի oktoba oktubre اکتبر اکتوبر кастрычніка októbra říjen",
    "nov november novembre noviembre novembro lis listopada listopad ноября ноябрь ноя kasım kas marraskuuta noiembrie листопада νοεμβρίου novembar новембар нов ноември ное novembris novembrī novembra lapkričio lapkritis nóvember nëntor נובמבר בנובמבר نوفمبر νοέμβριος νοε νοέ листопад лис noyabr қараша ნოემბერი նոյեմբերի novemba nobyembre نوامبر نومبر лістапада",
    "dec december dez dezember déc décembre dic diciembre dicembre dezembro desember gru grudnia grudzień pro prosince декабря декабрь дек aralık ara joulukuuta decembrie грудня δεκεμβρίου desembre desember des decembar децембар дец декември detsember dets decembris decembrī decembra gruodžio gruodis dhjetor דצמבר בדצמבר ديسمبر δεκέμβριος δεκ грудень груд гру dekabr желтоқсан დეკემბერი դեկտեմբերի desemba disyembre disember دسامبر دسمبر decembro снежня prosinec",
]
_WEEKDAYS = frozenset(
    "mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday mo montag di dienstag mi "
    "mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag lun lundi mardi mer mercredi jeu jeudi ven vendredi sam samedi "
    "dim dimanche lunes martes miércoles mié jueves jue viernes vie sábado sáb domingo dom lunedì martedì mercoledì giovedì gio venerdì "
    "sabato segunda terça quarta quinta sexta maandag dinsdag woensdag donderdag vrijdag zaterdag zondag mar".split()
)
MONTHS = {name.casefold(): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
# with signs of vowels and full stops within, of which no pattern of letters makes one word
_MARKED_MONTHS = [
    "มกราคม ม.ค. जनवरी जन॰ জানুয়ারি ஜனவரி జనవరి",
    "กุมภาพันธ์ ก.พ. फ़रवरी फरवरी ফেব্রুয়ারি பிப்ரவரி ఫిబ్రవరి",
    "มีนาคม มี.ค. मार्च মার্চ மார்ச் మార్చి",
    "เมษายน เม.ย. अप्रैल এপ্রিল ஏப்ரல் ఏప్రిల్",
    "พฤษภาคม พ.ค. मई মে மே మే",
    "มิถุนายน มิ.ย. जून জুন ஜூன் జూన్",
    "กรกฎาคม ก.ค. जुलाई জুলাই ஜூலை జూలై",
    "สิงหาคม ส.ค. अगस्त আগস্ট ஆகஸ்ட் ఆగస్టు",
    "กันยายน ก.ย. सितंबर सितम्बर সেপ্টেম্বর செப்டம்பர் సెప్టెంబర్",
    "ตุลาคม ต.ค. अक्टूबर अक्तूबर অক্টোবর அக்டோபர் అక్టోబర్",
    "พฤศจิกายน พ.ย. नवंबर नवम्बर নভেম্বর நவம்பர் నవంబర్",
    "ธันวาคม ธ.ค. दिसंबर दिसम्बर ডিসেম্বর டிசம்பர் డిసెంబర్",
]
_ENGLISH = "January February March April May June July August September October November December".split()
_IN_ENGLISH = {name: _ENGLISH[at] for at, names in enumerate(_MARKED_MONTHS) for name in names.split()}
_MARKED_MONTH = re.compile(
    rf"(?<=\d) ?({'|'.join(map(re.escape, sorted(_IN_ENGLISH, key=len, reverse=True)))})\.?,? ?(?:พ\.ศ\.|ค\.ศ\.)? ?(?=\d|$)"
)
_FILLERS = frozenset(
    "de del of the den am le el il at um à às om t a kl uhr г года р року r roku в o klo godz ore kello kell ás".split()
)

_ISO = re.compile(
    r"(\d{4})([-/])(\d\d?)\2(\d\d?)(?:(?:[Tt]| +)(\d\d?):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?(?: ?(Z|z|UTC|GMT|(?:UTC|GMT)?[+-]\d\d(?::?\d\d)?)(?:\[[A-Za-z_]+/[A-Za-z_/]+\])?)?"
)
_ISO_COMPACT = re.compile(
    r"(\d{4})()(\d\d)(\d\d)T(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d\d(?::?\d\d)?)?"
)
_TIME = re.compile(r"(?:(?<![\d:.])|(?<=\d{4}:))(\d{1,2})([:h.])([0-5]\d)(?:\2([0-5]\d)((?:[.,]\d{1,9})?))?(?![\d:])")
# hours ahead of UTC; IST and BST are of two countries each
_HOURS = {
    "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "WET": 0, "WEST": 1, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_ZONES = rf"Z|(?:UTC|GMT)[+-]\d\d:?\d\d|UTC|GMT|{'|'.join(_HOURS)}|[+-]\d\d(?::?\d\d)?"
_ZONE_AGAIN = r"(?: ?\([A-Z][A-Za-z. ]{2,50}\)|\[[A-Za-z_]+/[A-Za-z_/]+\])?"  # its name behind the hours, as JavaScript and Java write it
_ZONE = re.compile(rf"(?:(?<=\d)|(?<=[APap][Mm]))( ?)({_ZONES}){_ZONE_AGAIN}(?=$| \d{{4}}$)")
_AM_PM = re.compile(r"\b([ap])\.? ?m\.?(?!\w)|(?<=\d)([ap])\.?m\.?(?!\w)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_DIRECTIVE = re.compile(r"%[a-zA-Z%]")
_REGEX = {
    "%Y": r"(?P<Y>\d{4})", "%y": r"(?P<y>\d{2})", "%m": r"(?P<m>\d{1,2})", "%d": r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|º)?",
    "%b": r"(?P<B>[^\W\d_]+)\.?", "%B": r"(?P<B>[^\W\d_]+)\.?", "%a": r"[^\W\d_]+\.?", "%A": r"[^\W\d_]+\.?", "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})", "%M": r"(?P<M>\d{2})", "%S": r"(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?", "%p": r"(?P<p>[AaPp])\.? ?[Mm]\.?",
    "%z": rf"(?P<z>z|{_ZONES}){_ZONE_AGAIN}", "%q": r"(?P<q>[1-4])", "%G": r"(?P<Y>\d{4})", "%V": r"(?P<V>\d{1,2})",
    "%j": r"(?P<j>\d{1,3})", "%%": "%",
}  # fmt: skip
_PADDED_MONTH = re.compile(r"[01]\d\.\d{4}")
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_FIXED = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2, "%j": 3}

_ERAS = {
    "令和": 2018,
    "平成": 1988,
    "昭和": 1925,
    "大正": 1911,
    "明治": 1867,
    "民國": 1911,
    "民国": 1911,
    "中華民國": 1911,
}
_ERA = re.compile(rf"^({'|'.join(_ERAS)}) ?(\d{{1,3}}|元)(?= ?年)")


# as ASP.NET writes milliseconds since 1970 in JSON; the zone behind them is that of whoever looks at them
_TICKS = re.compile(r"\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/")
_VIETNAMESE = re.compile(r"^(?:ngày )?(\d{1,2}) tháng (\d{1,2})(?:,? năm|,)? (\d{4})(?!\d)", re.IGNORECASE)
_CJK_WEEKDAY = re.compile(r" ?[(（][月火水木金土日월화수목금토일][)）]")
_CJK_CLOCK = re.compile(
    r"(?:(?<=[日일]) ?|(?<=\d) )(午前|午後|上午|下午|오전|오후)? ?(\d{1,2}) ?[時时点點시] ?(?:([0-5]?\d) ?[分분] ?)?(?:([0-5]?\d) ?[秒초])?$"
)


def plain(text: str) -> str:
    """As of a number; a year of an era, 令和3年, as that of the common calendar, and 午後3時5分 behind a day as 15:05."""
    if "/Date(" in text:
        text = _TICKS.sub(_from_ticks, text)
    text = _of_the_common_calendar(text)
    if text.isascii():
        return text
    text = _CJK_WEEKDAY.sub(" ", text).strip()
    text = _VIETNAMESE.sub(r"\1/\2/\3", text)
    text = _MARKED_MONTH.sub(lambda found: f" {_IN_ENGLISH[found[1]]} ", text)
    return _CJK_CLOCK.sub(_as_clock, text)


def _of_the_common_calendar(text: str) -> str:
    text = notation.plain(text)
    return text if text.isascii() else _ERA.sub(_common_year, text)


def _from_ticks(match: re.Match[str]) -> str:
    found = _since(datetime(1970, 1, 1), match[1], 0.001)
    return found.isoformat() if found else match[0]


def _as_clock(match: re.Match[str]) -> str:
    half, hour, minute, second = match[1], int(match[2]), int(match[3] or 0), match[4]
    if half in ("午後", "下午", "오후") and hour < 12:
        hour += 12
    elif half in ("午前", "上午", "오전") and hour == 12:
        hour = 0
    return f" {hour:02d}:{minute:02d}" + (f":{int(second):02d}" if second else "")


def _common_year(match: re.Match[str]) -> str:
    year = 1 if match[2] == "元" else int(match[2])
    return str(_ERAS[match[1]] + year)


# ---- one cell ----------------------------------------------------------------------------------------------------


def read(text: str, formats: Sequence[str]) -> datetime | None:
    """One cell as a moment without a zone (UTC where the text has one), by the first of `formats` that fits, or ISO."""
    found = _by_first(plain(text), formats)
    if found is None and not text.isascii():
        # for a format of the user's, which has 時, 分 or (%a) in it
        found = _by_first(_of_the_common_calendar(text), formats)
    return found


def _by_first(text: str, formats: Sequence[str]) -> datetime | None:
    for form in formats:
        found = _reader(form)(text)
        if found is not None:
            return found
    return _iso(text) if ISO not in formats else None


@lru_cache(maxsize=512)
def _reader(form: str) -> Callable[[str], datetime | None]:
    if form == ISO:
        return _iso
    if form in EPOCHS:
        scale = EPOCHS[form]
        return lambda text: _since(datetime(1970, 1, 1), text, scale / 1e6)
    if form == EXCEL:
        return lambda text: _since(datetime(1899, 12, 30), text, 86_400.0)
    pattern = compiled(form)
    if pattern is None:
        return lambda text: _strptime(text, form)
    return lambda text: _matched(pattern.fullmatch(text))


def _strptime(text: str, form: str) -> datetime | None:
    """A pattern of the user's that holds a directive of its own."""
    try:
        found = datetime.strptime(text, form)
    except ValueError:
        return None
    return found.replace(tzinfo=None) - (found.utcoffset() or timedelta(0))


def _since(origin: datetime, text: str, seconds: float) -> datetime | None:
    try:
        return origin + timedelta(microseconds=round(float(text) * seconds * 1e6))
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=512)
def compiled(form: str) -> re.Pattern[str] | None:
    """The pattern as a regular expression; None where it has a directive that is not ours."""
    out, at = "", 0
    found = list(_DIRECTIVE.finditer(form))
    for i, match in enumerate(found):
        name = match[0]
        if name not in _REGEX:
            return None
        out += _literal(form[at : match.start()])
        glued = (i and found[i - 1].end() == match.start() and found[i - 1][0] in _FIXED) or (
            i + 1 < len(found) and found[i + 1].start() == match.end() and found[i + 1][0] in _FIXED
        )
        # 20220506: digits side by side have their full width
        out += rf"(?P<{name[1]}>\d{{{_FIXED[name]}}})" if glued and name in _FIXED else _REGEX[name]
        at = match.end()
    try:
        return re.compile(out + _literal(form[at:]), re.IGNORECASE)
    except re.error:
        return None  # a directive twice


def _literal(text: str) -> str:
    return r"\s*".join(re.escape(part) for part in re.split(r"\s+", text)) if " " in text else re.escape(text)


def _matched(match: re.Match[str] | None) -> datetime | None:
    if match is None:
        return None
    part = match.groupdict()
    year = _year(part)
    month = int(part.get("m") or 1)
    if part.get("B"):
        month = MONTHS.get(part["B"].casefold(), 0)
    elif part.get("q"):
        month = 3 * int(part["q"]) - 2
    day = int(part.get("d") or 1)
    hour = int(part.get("H") or 0)
    if part.get("I"):
        hour = _hour_of_twelve(int(part["I"]), part.get("p"))
    try:
        if part.get("V"):
            return datetime.fromisocalendar(year, int(part["V"]), 1)
        if part.get("j"):
            month, day = _of_year(year, int(part["j"]))
        found = _moment(year, month, day, hour, int(part.get("M") or 0), int(part.get("S") or 0))
    except (ValueError, OverflowError):
        return None
    return _settled(found, part.get("f"), part.get("z"))


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    """ValueError where there is none; 24:00 is the end of a day, and so 0:00 of the next one."""
    if hour == 24 and not minute and not second:
        return datetime(year, month, day) + timedelta(days=1)
    return datetime(year, month, day, hour, minute, second)


def _of_year(year: int, day: int) -> tuple[int, int]:
    """(month, day of the month) of the n-th day of a year; ValueError where the year has no such day."""
    found = datetime(year, 1, 1) + timedelta(days=day - 1)
    if found.year != year:
        raise ValueError(day)
    return found.month, found.day


def _year(part: dict[str, str]) -> int:
    if part.get("Y"):
        return int(part["Y"])
    if part.get("y"):
        return int(part["y"]) + (2000 if int(part["y"]) < 69 else 1900)
    return 1900  # a time of day


def _hour_of_twelve(hour: int, half: str | None) -> int:
    """25 where there is no such hour."""
    if not 1 <= hour <= 12:
        return 25
    if half is None:
        return hour % 12
    return hour % 12 + (12 if half in "pP" else 0)


def _settled(found: datetime, fraction: str | None, zone: str | None) -> datetime | None:
    if fraction:
        found += timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    if not zone or zone.upper() in ("Z", "UTC", "GMT"):
        return found
    if zone.upper() in _HOURS:
        offset = timedelta(hours=_HOURS[zone.upper()])
    else:
        zone = zone.removeprefix("UTC").removeprefix("GMT")
        digits = zone[1:].replace(":", "")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
        offset = -offset if zone[0] == "-" else offset
    try:
        return found - offset
    except OverflowError:
        return None


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text) or _ISO_COMPACT.fullmatch(text)
    if match is None:
        return None
    year, _, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        found = _moment(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except (ValueError, OverflowError):
        return None
    return _settled(found, fraction, zone)


def of_field(column: Field) -> tuple[str, ...]:
    """The formats of a field of the contract, the usual one first."""
    return (column.format or ISO, *column.formats)


def is_clock(form: str) -> bool:
    """Whether a format is of a time of day: its moments are of 1 January 1900."""
    return form.startswith("%") and not any(part in form for part in ("%Y", "%y", "%G"))


def names_a_day(form: str) -> bool:
    """Whether a format says the day: not 2024-05, Q2 2024 and 2024-W31."""
    return form in (ISO, EXCEL, *EPOCHS) or "%d" in form or "%j" in form


# ---- a column ------------------------------------------------------------------------------------------------------


def moments(values: pd.Series, formats: Sequence[str]) -> np.ndarray:
    """datetime64[us] of each cell, NaT where it is no date in one of `formats`."""
    out, taken = by_kernel(values, formats)
    rest = ~taken
    if rest.any():
        out[rest] = cells.by_unique(values[rest], lambda texts: read_all(texts, formats), NAT)
    return out


KERNEL_FROM = 64  # cells; fewer are read faster one by one
_ISO_WIDTHS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


def by_kernel(values: pd.Series, formats: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(moments, mask of the cells that were read), on whole columns: cells whose digits stand at fixed places."""
    out = np.full(len(values), NAT)
    taken = np.zeros(len(values), dtype=bool)
    if len(values) < KERNEL_FROM or not cells.has_arrow():
        return out, taken
    # of several formats the first goes first in `read` as well
    for form in _ISO_WIDTHS if formats[0] == ISO else formats[:1]:
        widths = fixed_width(form)
        if widths:
            _fixed(values, widths, out, taken)
    return out, taken


def read_all(texts: list[str], formats: Sequence[str]) -> np.ndarray:
    return np.array([read(t, formats) for t in texts], dtype="datetime64[us]")


Width = tuple[str, int, int]  # directive, first byte, bytes; a literal stands in place of a directive, with no bytes


def fixed_width(form: str) -> list[Width] | None:
    """Where each part of a zero-padded cell stands, for formats of digits alone; None for the others."""
    out: list[Width] = []
    at = position = 0
    for match in _DIRECTIVE.finditer(form):
        literal = form[at : match.start()]
        if match[0] not in _FIXED or not literal.isascii():
            return None
        out += [(c, position + i, 0) for i, c in enumerate(literal)]
        position += len(literal)
        out.append((match[0], position, _FIXED[match[0]]))
        position += _FIXED[match[0]]
        at = match.end()
    if at != len(form) or "%Y" not in form or "%m" not in form:
        return None
    return out


def _fixed(values: pd.Series, widths: list[Width], out: np.ndarray, taken: np.ndarray) -> None:
    """Fill in what cells of just this width say: digits at fixed places, added up on whole columns."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(values.array, pa.large_string())
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    length = widths[-1][1] + widths[-1][2]
    fits = np.flatnonzero((lengths == length) & ~taken)
    if not len(fits):
        return
    part = texts.take(pa.array(fits)) if len(fits) < len(values) else texts
    grid = _bytes(part, length)
    if grid is None:
        return
    found, good = _added_up(grid, widths)
    out[fits[good]] = found[good]
    taken[fits[good]] = True


def _bytes(texts: Any, length: int) -> np.ndarray | None:
    """(n, length) bytes of texts that are all that long."""
    import pyarrow as pa

    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if isinstance(array, pa.ChunkedArray) or array.null_count:
        return None
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(array.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    return data.reshape(len(array), length)


def _added_up(grid: np.ndarray, widths: list[Width]) -> tuple[np.ndarray, np.ndarray]:
    good = np.ones(len(grid), dtype=bool)
    places = np.ascontiguousarray(grid.T)
    part: dict[str, np.ndarray | int] = dict(_FIRST)
    for name, at, width in widths:
        if not width:
            good &= places[at] == ord(name)
            continue
        value = np.zeros(len(grid), dtype=np.int32)
        for place in places[at : at + width]:
            digit = place - np.uint8(48)  # what is below "0" wraps to above 9
            good &= digit <= 9
            value = value * 10 + digit
        part[name] = value
    year, month, day = part["%Y"], part["%m"], part["%d"]
    good &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    good &= (part["%H"] < 24) & (part["%M"] < 60) & (part["%S"] < 60)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0)
    # the calendar is asked once for each month between the first and the last, not for each cell
    begins = np.arange(months.min(), months.max() + 2).astype("datetime64[M]").astype("datetime64[D]")
    at = months - months.min()
    days = begins[at] + np.where(good, day - 1, 0).astype("timedelta64[D]")
    good &= days < begins[at + 1]
    seconds = part["%H"] * 3600 + part["%M"] * 60 + part["%S"]
    return days.astype("datetime64[us]") + seconds * np.timedelta64(1_000_000, "us"), good


_FIRST = {"%Y": 1970, "%m": 1, "%d": 1, "%H": 0, "%M": 0, "%S": 0}


# ---- which formats a column has --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DateShape:
    """The format a text is written in; where that does not say which number is the day, with %1 %2 (%3) for the numbers,
    which are `parts`."""

    form: str
    parts: tuple[int, ...] = ()


_GROUPED = re.compile(r"\W?\d{1,3}(?:,\d{3})+")  # $1,234: no numbers of a date have three digits


@lru_cache(maxsize=cells.REMEMBERED)
def shape(text: str) -> DateShape | None:
    """None where the text is no date."""
    text = plain(text)
    if not 4 <= len(text) <= 80 or not _DIGITS.search(text):
        return None
    if SIMPLE.fullmatch(text) and len(text) not in _COMPACT and not _PADDED_MONTH.fullmatch(text):
        return None
    if _GROUPED.fullmatch(text):
        return None
    if _iso(text) is not None:
        return DateShape(ISO)
    if "%" in text:
        return None
    timed, clocked = _with_clock(text)
    form = _with_words(timed)
    if form is None:
        return None
    return _with_numbers(form, clocked)


def _with_clock(text: str) -> tuple[str, bool]:
    """The text with its time of day, half of the day and zone as directives; and whether it has one."""
    half = _AM_PM.search(text)
    zone = _ZONE.search(text)
    times = [
        m
        for m in _TIME.finditer(text)
        if (int(m[1]) < 24 or m[0][:5] == "24:00") and (m[2] == ":" or _clear_clock(m, text, half is not None))
    ]
    if not times:
        return text, False
    time = times[-1]
    hour = "%I" if half else "%H"
    clock = f"{hour}{time[2]}%M" + (f"{time[2]}%S" if time[4] is not None else "")
    behind = text[time.end() :]
    if zone and zone.start() >= time.end():
        behind = behind[: zone.start() - time.end()] + zone[1] + "%z" + text[zone.end() :]
    if half and half.start() >= time.end():
        found = _AM_PM.search(behind)
        behind = behind[: found.start()] + "%p" + behind[found.end() :] if found else behind
    return text[: time.start()] + clock + behind, True


_CLOCK_WORD = re.compile(r"\s*(?:Uhr|uur)\b", re.IGNORECASE)


def _clear_clock(match: re.Match[str], text: str, half: bool) -> bool:
    """Whether 15.30 or 15h30 is a time of day: behind a date, or with AM."""
    if match[2] == "h":
        return True
    if match.group() == text:
        return False  # 15.30 is a number; of 15.30.00 the column says whether it is a clock or a date
    if _CLOCK_WORD.match(text[match.end() :]):
        return True
    behind_date = bool(re.search(r"\d[\sT,]+(?:[^\W\d_]+ )?$", text[: match.start()]))
    return behind_date or half


def _with_words(text: str) -> str | None:
    """The text with names of months and weekdays as directives; None where it has other words."""
    words = [m for m in _WORD.finditer(text) if text[m.start() - 1 : m.start()] != "%" or m.start() == 0]
    named = [m for m in words if m[0].casefold() in MONTHS and len(m[0]) > 2]
    month = named[-1] if named else None
    out, at = "", 0
    for match in words:
        word = match[0].casefold()
        if match is month:
            new = "%b" if len(word) <= 4 and word != "june" and word != "july" else "%B"
        elif word in _WEEKDAYS:
            new = "%a" if len(word) <= 4 else "%A"
        elif word in _FILLERS or (word in ("st", "nd", "rd", "th", "er") and text[match.start() - 1].isdigit()):
            new = match[0] if word in _FILLERS else ""
        elif word == "q" and not named:
            new = "\0Q"
        elif word == "w" and not named:
            new = "\0W"
        elif word in ("m", "d") and named:
            new = match[0]  # 2021 m. kovo 5 d.
        elif word in ("m", "年", "月", "日", "년", "월", "일") and not named:
            new = match[0]
        else:
            return None
        out += text[at : match.start()] + new
        at = match.end()
    if out.count("%a") + out.count("%A") > 1:
        return None
    out += text[at:]
    # a full stop behind a shortened name is part of it
    return re.sub(r"(%[abAB])\.", r"\1", out)


def _with_numbers(form: str, clocked: bool) -> DateShape | None:
    """The numbers that are left are year, month and day."""
    bare = _DIRECTIVE.sub(lambda m: "\x01" * len(m[0]), form)
    groups = list(_DIGITS.finditer(bare))
    digits = [form[m.start() : m.end()] for m in groups]
    names: tuple[str, ...] | None
    parts: tuple[int, ...] = ()
    if "\0" in form:
        return _quarter(form.replace("\0", ""))
    if "%b" in form or "%B" in form:
        names = _beside_a_name(form, bare, digits)
        parts = tuple(map(int, digits)) if len(digits) == 1 else ()
    elif not digits:
        names = () if clocked else None
    else:
        names, parts = _of_numbers(bare, digits, clocked)
    if names is None:
        return None
    out, at = "", 0
    for name, match in zip(names, groups, strict=True):
        out += form[at : match.start()] + name
        at = match.end()
    return DateShape(out + form[at:], parts)


def _quarter(form: str) -> DateShape | None:
    """2021-Q3, Q3 2021, 2021-W05."""
    match = re.fullmatch(r"\d{4}([-/ ]?)Q[1-4]", form)
    if match:
        return DateShape(f"%Y{match[1]}Q%q")
    match = re.fullmatch(r"Q[1-4]([-/ ]?)\d{4}", form)
    if match:
        return DateShape(f"Q%q{match[1]}%Y")
    match = re.fullmatch(r"\d{4}([- ]?)W\d{2}", form)
    return DateShape(f"%G{match[1]}W%V") if match else None


def _beside_a_name(form: str, bare: str, digits: list[str]) -> tuple[str, ...] | None:
    """Day and year beside a month's name; the month of a year."""
    lengths = [len(d) for d in digits]
    if lengths in ([1, 4], [2, 4], [1, 2], [2, 2]):
        return "%d", "%Y" if lengths[1] == 4 else "%y"
    if lengths in ([4, 1], [4, 2]):
        return "%Y", "%d"
    if lengths == [4]:
        return ("%Y",)
    if lengths == [2] and re.fullmatch(r"\x01\x01[-' /]+\d\d", bare):
        return ("%y",)
    if lengths == [2] and re.fullmatch(r"\d\d-\x01\x01", bare) and int(digits[0]) > 31:
        return ("%y",)
    return None


def _of_numbers(bare: str, digits: list[str], clocked: bool) -> tuple[tuple[str, ...] | None, tuple[int, ...]]:
    """Numbers alone, parted by one and the same mark."""
    date = re.match(r"\D*?(\d+(?:(?:[-/. ]|[年月日년월일]\s*|M)\d+)*)", bare)
    lengths = [len(d) for d in digits]
    if not date:
        return None, ()
    marks = set(re.findall(r"(?<=\d)[^\d]+(?=\d)", date[1]))
    cjk = bool(re.search("[年월]", bare))
    if len(marks) > 1 and not cjk:
        return None, ()
    if len(digits) == 3 and max(lengths[1:]) <= 2 and lengths[0] == 4:
        return ("%Y", "%m", "%d"), ()
    if len(digits) == 3 and max(lengths[:2]) <= 2 and lengths[2] == 4:
        return ("%1", "%2", "%Y"), (int(digits[0]), int(digits[1]))
    if len(digits) == 3 and lengths[2] == 2 and max(lengths) == 2 and marks & {"-", "/", "."}:
        return ("%1", "%2", "%3"), tuple(map(int, digits))
    if lengths in ([4, 2], [4, 1]) and (cjk or marks & {"-", "/", "M"}):
        return ("%Y", "%m"), ()
    if lengths in ([2, 4], [1, 4]) and marks & {"-", "/"}:
        return ("%m", "%Y"), ()
    if lengths == [4, 3] and marks <= {"-", "/"} and 1900 <= int(digits[0]) <= 2100 and 1 <= int(digits[1]) <= 366:
        return ("%Y", "%j"), ()  # 2021-280, the days of a year counted; 4711-123 is an article
    if lengths == [2, 4] and marks == {"."}:  # 03.2021, which no number is padded like
        return ("%m", "%Y"), ()
    if len(digits) == 1 and lengths[0] in _COMPACT and (lengths[0] == 8 or not clocked):
        return (_COMPACT[lengths[0]],), ()
    return None, ()


# ---- day first -------------------------------------------------------------------------------------------------------


def day_first(shapes: Iterable[DateShape | None]) -> bool | None:
    """What the texts of a column say: True, False, or None where every day could be a month, or both are met."""
    first = second = 0
    for one in shapes:
        if one and one.form.count("%1") and not one.form.count("%3") and max(one.parts[:2]) <= 31:
            first += one.parts[0] > 12 >= one.parts[1]
            second += one.parts[1] > 12 >= one.parts[0]
    if bool(first) == bool(second) and min(first, second) * 20 > max(first, second):
        return None
    if first == second:
        return None
    return first > second


@dataclass(frozen=True)
class DateForms:
    """The formats of a column, the most frequent first. `doubt`: a format that would fit as well, "" where none does."""

    formats: tuple[str, ...]
    doubt: str = ""


def recognise(shapes: Sequence[DateShape | None], counts: np.ndarray, file_day_first: bool | None) -> DateForms | None:
    """The formats that a column's dates are written in, rarest last; None where it has none."""
    votes: Counter[str] = Counter()
    days = _are_days(shapes)
    for one, count in zip(shapes, counts, strict=True):
        if one and not (days and one.form in _MONTH_AND_TWO):
            votes[one.form] += int(count)
    if not votes:
        return None
    long_names = any("%B" in form for form in votes)
    whole = day_first(shapes)
    formats: Counter[str] = Counter()
    doubt = ""
    for form, count in votes.items():
        # 16.12.2022 and 12/16/2022 are of two files, each of which has an order of its own
        own = day_first([one for one in shapes if one and one.form == form]) if whole is None else whole
        decided = own if own is not None else file_day_first
        done = _ordered(form, shapes, decided)
        if own is None and file_day_first is None and "%1" in form and "%1." not in form:
            swapped = _ordered(form, shapes, False)
            doubt = doubt or (swapped if swapped != done else "")
        formats[done.replace("%b", "%B") if long_names else done] += count
    total = sum(formats.values())
    usual = [form for form, count in formats.most_common(MAX_FORMATS) if count >= 0.001 * total]
    return DateForms(tuple(usual), doubt)


_MONTH_AND_TWO = ("%b %y", "%B %y")


def _are_days(shapes: Sequence[DateShape | None]) -> bool:
    """Whether the numbers of Feb 03, Feb 11, Mar 28 are days, and so no year is there at all."""
    behind = {one.parts[0] for one in shapes if one and one.form in _MONTH_AND_TWO}
    return len(behind) > 10 and max(behind) <= 31


def _ordered(form: str, shapes: Sequence[DateShape | None], decided: bool | None) -> str:
    """`form` with day, month and year for its %1, %2 and %3."""
    if "%1" not in form:
        return form
    order: tuple[str, ...]
    if "%3" in form:
        order = _two_digits([one.parts for one in shapes if one and one.form == form], decided, form == "%1.%2.%3")
    else:
        # with points between them the day is first, wherever that is written
        month_first = decided is False and "%1." not in form
        order = ("%m", "%d") if month_first else ("%d", "%m")
    for number, name in enumerate(order, 1):
        form = form.replace(f"%{number}", name)
    return form


def _two_digits(parts: Sequence[tuple[int, ...]], decided: bool | None, dotted: bool = False) -> tuple[str, str, str]:
    """The order of 26-05-22: what exceeds 12 is no month, what exceeds 31 no day, and the years are the fewest.

    `dotted`: with points it may be a time of day as well, 15.30.00.
    """
    columns = np.array(parts)
    orders = [("%d", "%m", "%y"), ("%m", "%d", "%y"), ("%y", "%m", "%d")]
    if decided is False and not dotted:
        orders = [orders[1], orders[0], orders[2]]
    if dotted:
        orders = [orders[0], orders[2], ("%H", "%M", "%S")]
    fits = {order: _share_that_fits(columns, order) for order in orders}
    best = max(fits.values())
    able = [order for order in orders if fits[order] >= best]
    year_first = ("%y", "%m", "%d")
    # where first and last could both be the year, it is the one of fewer values
    if year_first in able and able[0] != year_first:
        different = [len(np.unique(columns[:, i])) for i in range(3)]
        if different[0] < different[2] and columns[:, 2].max() > 12:
            return year_first
    return able[0]


def _share_that_fits(columns: np.ndarray, order: tuple[str, ...]) -> float:
    good = np.ones(len(columns), dtype=bool)
    for place, name in enumerate(order):
        low, high = _LIMITS[name]
        good &= (columns[:, place] >= low) & (columns[:, place] <= high)
    return float(np.mean(good))


_LIMITS = {"%d": (1, 31), "%m": (1, 12), "%y": (0, 99), "%H": (0, 23), "%M": (0, 59), "%S": (0, 59)}


def order_of_six(texts: Sequence[str]) -> str:
    """%d%m%y, %m%d%y or %y%m%d of texts of six digits."""
    parts = [(int(t[:2]), int(t[2:4]), int(t[4:])) for t in texts]
    return "".join(_two_digits(parts, None))
