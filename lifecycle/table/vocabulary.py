"""What a column's name says: an id, a number that only names, a person, a part of time; in the languages of most tables.

A name is second to the structure of the cells: it settles what these leave open, and overrules nothing by itself.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

IDS = frozenset(
    "id ids uid uuid guid key pk identifier identifiant identificador identificativo identificatore identyfikator"
    " kennung kennzeichen tunnus tunniste azonosito idnr idnum".split()
)
NUMBERS = frozenset(
    "no nr nbr num nmbr numb number nummer numero numer numara cislo ref reference referenz referencia riferimento"
    " matricule matricula matricola nro номер 番号 编号 编码 번호".split()
)
# what has several rows that are alike; in the singular, since a plural counts them
THINGS = frozenset(
    # people
    "customer cust client user usr patient pat person member household subject subj participant respondent individual"
    " student pupil employee emp staff worker driver player owner holder borrower applicant donor visitor guest caller"
    " kunde kunden patienten mitarbeiter mitglied haushalt person personen teilnehmer proband probanden schueler schuler"
    " student studenten versicherter versicherten fahrer spieler besitzer inhaber nutzer benutzer gast"
    " utilisateur eleve etudiant salarie employe menage personne adherent abonne conducteur joueur"
    " cliente usuario paciente persona alumno estudiante empleado hogar socio abonado jugador conductor"
    " paziente utente persona studente dipendente socio famiglia giocatore"
    " aluno estudante funcionario pessoa morador segurado"
    " klant gebruiker persoon medewerker lid huishouden deelnemer leerling bewoner"
    " klient pacjent uzytkownik osoba pracownik uczen kund anvandare brukare medlem kunde bruger asiakas potilas"
    " zakaznik musteri hasta клиент пациент пользователь сотрудник 客户 顾客 患者 用户 顧客 고객 환자"
    # things
    " machine device engine sensor unit vehicle truck turbine pump robot meter node station plant asset equipment"
    " account acct card policy contract family animal cow horse dog tree plot field well household herd litter"
    " maschine gerat geraet anlage motor fahrzeug zahler zaehler konto karte police vertrag familie tier betrieb"
    " appareil moteur vehicule compte carte contrat famille capteur maquina equipo cuenta tarjeta contrato familia"
    " macchina dispositivo conto carta contratto conta cartao apparaat rekening maszyna urzadzenie konta umowa maskin".split()
)
PEOPLE_ALONE = frozenset(
    "customer client user subject subj patient participant respondent individual pid pidnum".split()
)
ORDERS = frozenset(
    "invoice order basket session transaction booking bestellung rechnung auftrag commande facture pedido factura".split()
)
TIMES = frozenset(
    "year yr jahr annee ano anno rok jaar ar month mon monat mois mes mese miesiac maand day tag jour dia giorno dzien dag"
    " week woche semaine semana settimana hour hr stunde heure hora ora minute quarter quartal trimestre season age alter"
    " rank rang position pos place platz puesto step time zeit temps tiempo tempo t"
    " years months days weeks hours minutes seasons jahre monate tage wochen stunden annees ans jours semaines heures anos meses dias"
    " год месяц день 年 月 日".split()
)  # fmt: skip
# what is measured, and so has equal values by chance: no number of a thing
MEASURES = frozenset(
    "height width weight length depth altitude elevation distance area size diameter radius thickness speed temperature temp pressure"
    " coord coords coordinate lat latitude lon lng long longitude x y z"
    " hohe hoehe breite gewicht lange laenge tiefe entfernung flache flaeche grosse groesse durchmesser temperatur druck koordinate"
    " hauteur largeur poids longueur profondeur surface taille vitesse temperature altura ancho anchura peso largo longitud latitud"
    " profundidad superficie tamano velocidad temperatura largura comprimento profundidade tamanho altezza larghezza lunghezza"
    " wysokosc szerokosc waga dlugosc glebokosc powierzchnia 身長 体重 高さ 幅 長さ 面積".split()
)
MONEY = frozenset(
    "price prices cost costs amount salary wage wages income fare fee fees revenue sales turnover rent premium balance charge charges"
    " payment tax budget value preis kosten betrag gehalt lohn einkommen umsatz miete prix cout montant salaire revenu loyer"
    " precio coste costo importe salario ingreso ingresos renta prezzo importo stipendio reddito preco custo valor prijs bedrag".split()
)
YEARS = frozenset(
    "year years yr jahr jahre annee annees ano anos anno anni rok lata jaar jaren ar vuosi ev yil god год 年 年度 연도".split()
)
# what a table's writer puts before the first column when asked for none: the number of the row
INDEX_NAME = re.compile(
    r"(unnamed(_\d+|: ?\d+)?|__index_level_\d+__|index|idx|level_0|row_?names?|row_?(num(ber)?|no|nr|id)?|rownum|objectid(_\d+)?"
    r"|oid|fid|lfd_?nr|zeile(nnummer)?|)$",
    re.I,
)
BIRTH_NAME = re.compile(r"birth|dob|geburt|naissance|nacim|nascita|expir|due|valid", re.IGNORECASE)
# numbers that only name something: their order and distance mean nothing
_CODE_NAME = re.compile(
    r"(^|[_\s.-])((zip|plz|fips|sku|ean|isbn|gtin|iban|postleitzahl)([_\s.-]|$)|code$)|(zip|post|postal)[_\s.-]?code$|[a-z]Code$",
    re.I,
)
# these name a code at the end of a name alone: a release has a date, a mobile a weight
_CODED = frozenset("phone telephone tel telefon mobile handy fax cep version release firmware ip".split())
_CODES = frozenset("code codice codigo cod kod kode koodi kodu код κωδικος".split())  # where they stand first
# of a program's code, or of the fish
_OF_OTHER_CODE = frozenset(
    "coverage lines line loc churn size length count smell smells complexity quality change changes changed review reviews duplication"
    " ratio density share rate percent pct score time weight catch landings tonnes kg price usage used".split()
)
_OF_A_CODE = IDS | NUMBERS | frozenset("code address addr home work office private".split())
_BETWEEN = frozenset("de del do da di du des della dell l la le el".split())
_PLURAL = re.compile(r"[^isu]s$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STEM_ENDINGS = ("nummer", "number", "numero", "uuid", "guid", "num", "nbr", "nr", "id", "no", "key")


def words(name: str) -> list[str]:
    """The words of a column's name, without accents and case: `Kunden-Nr`, `KundenNr` and `kunden_nr` are one."""
    return list(_words(name))


@lru_cache(maxsize=10_000)  # a name is asked about again and again, in turn with the others of a wide table
def _words(name: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", name.replace("№", " nr ").replace("#", " nr ").replace("°", " "))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("ß", "ss")
    parted = re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", plain))
    found = parted.casefold().split()
    return tuple(part for word in found for part in _compound(word))


def _compound(word: str) -> list[str]:
    """`kundennummer` is kunden and nummer, `subjid` subj and id; `humid` and `paid` are what they are."""
    if word in IDS or word in NUMBERS:
        return [word]
    for ending in _STEM_ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and (stem in THINGS or stem in ORDERS):
            return [stem, ending]
        if ending == "nummer" and stem != word and len(stem) > 2:
            return [stem, ending]
    return [word]


def is_id(name: str) -> bool:
    """Whether the name ends, or begins, as that of an id does: `LOAN_ID`, `id_cliente`, `machineID`."""
    found = words(name)
    if re.search(r"(^|[A-Z_])ID$", name) and len(found) == 1:
        return True  # LOANID
    return bool(found) and (found[-1] in IDS or (found[0] in IDS and len(found) > 1))


def is_numbered(name: str) -> bool:
    """Whether it is the number of something: `file_no`, `Kunden-Nr`, `номер`; not how many there are: `no_of_rooms`."""
    found = words(name)
    if not found or (len(found) > 2 and found[1] == "of"):
        return False
    if found[-1] in NUMBERS:
        return True
    return _is_number_first(found)


def _is_number_first(found: list[str]) -> bool:
    """numero_cliente, num cuenta: the number stands first, and the thing after it is one; number_customer_calls and
    num_llamadas_cliente are how many calls there are."""
    rest = [word for word in found[1:] if word not in _BETWEEN]
    if found[0] not in NUMBERS or not rest or not (rest[0] in THINGS or rest[0] in ORDERS):
        return False
    return len(rest) == 1 or not _PLURAL.search(rest[-1])


def is_thing(name: str) -> bool:
    """Whether it names one of those that have several rows each: a customer's number, a machine's id."""
    found = words(name)
    if "_".join(found) in PEOPLE_ALONE or (len(found) == 1 and found[0] in PEOPLE_ALONE):
        return True
    return (is_id(name) or is_numbered(name)) and any(word in THINGS for word in found)


def is_called_a_thing(name: str) -> bool:
    """Whether the name is that of one which has several rows, and nothing else: `machine`, `Maszyna`; not how many there are."""
    found = words(name)
    return len(found) == 1 and found[0] in THINGS


def names_a_thing(name: str) -> bool:
    """Whether a word of the name is that of a thing with several rows: `patient_code`, `Kundencode`."""
    return any(word.removesuffix("code") in THINGS for word in words(name))


def is_measure(name: str) -> bool:
    """Whether the name says that it is measured: a height, a coordinate, a temperature."""
    found = words(name)
    return not is_id(name) and not is_numbered(name) and any(word in MEASURES for word in found)


def is_money(name: str) -> bool:
    """Whether the name says that it is an amount of money."""
    return not is_id(name) and not is_numbered(name) and any(word in MONEY for word in words(name))


def is_order(name: str) -> bool:
    return (is_id(name) or is_numbered(name)) and any(word in ORDERS for word in words(name))


def is_code(name: str) -> bool:
    """Whether it names a code, such as a postcode, a telephone number, a version."""
    if _CODE_NAME.search(name):
        return True
    found = words(name)
    if found and found[0] in _CODES and not _OF_OTHER_CODE.intersection(found):
        return True
    while found and (found[-1] in _OF_A_CODE or found[-1].isdigit()):
        found = found[:-1]
    return bool(found) and found[-1] in _CODED


def is_surely_code(name: str) -> bool:
    """Whether it names a postcode, an article: no year, whatever its digits."""
    return _CODE_NAME.search(name) is not None


def is_year(name: str) -> bool:
    return bool(YEARS.intersection(words(name)))


def is_of_time(name: str) -> bool:
    """A year, a rank, an age: whole numbers that may count up and mean what they say."""
    found = words(name)
    return any(word in TIMES for word in found)


DATE_WORDS = frozenset(
    "date datum fecha data dato tarih pvm dátum dt datetime timestamp tag jour dia día giorno dag dob".split()
)
TIME_WORDS = frozenset(
    "time timestamp ts epoch unixtime unix start end begin stop seen login posted registered created updated modified zeit zeitpunkt zeitstempel hora heure ora stamp moment when".split()
)
SPANNED = frozenset("time zeit hora heure ora when moment start end begin stop seen".split())
SPAN_WORDS = frozenset(
    "duration durations elapsed runtime laptime lap dauer laufzeit spielzeit fahrzeit durée duree duración duracion durata length finish split".split()
)
MONTH_WORDS = frozenset("month period ym yearmonth yyyymm monat periode mois mes mese maand monthid month_id".split())


def words_of(name: str) -> list[str]:
    """`orderDate_utc` as order, date, utc."""
    parted = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", " ", name)
    return [w.casefold() for w in re.findall(r"[^\W\d_]+", parted)]


def _without_to_date(words: list[str]) -> list[str]:
    """Sales to date are sums."""
    return words[:-2] if words[-2:] == ["to", "date"] else words


def names_a_date(name: str) -> bool:
    """Whether a word of the name is that for a date, and no other that may stand for one, such as data and day; year to date is none."""
    return any(
        w.endswith(("datum", "date", "fecha", "timestamp")) and not w.endswith(("update", "candidate", "mandate"))
        for w in _without_to_date(words_of(name))
    )


def says_date(name: str) -> bool:
    """Whether a column's name says that it holds dates."""
    words = _without_to_date(words_of(name))
    return names_a_date(name) or bool(DATE_WORDS.intersection(words[:1] + words[-1:]))


def says_time(name: str) -> bool:
    words = words_of(name)
    return says_date(name) or bool(TIME_WORDS.intersection(words)) or words[-1:] == ["at"]


def says_moment(name: str) -> bool:
    """Whether a name says that a number of days may be meant: not that of a time, which may be a span."""
    return says_date(name) or bool(TIME_WORDS.intersection(words_of(name)) - SPANNED)
