"""Which encoding a file is in, and what is said where it is none of Unicode's."""

import io
import itertools

import pytest

from lifecycle.ground.errors import UserError
from lifecycle.table.encoding import survey
from lifecycle.table.read import ReadOptions, read_raw
from tests.table.tables_as_text import names, read, rows

WORDS = {
    "cp1252": ["Zürich", "Köln", "süß", "garçon", "señor"],
    "cp1250": ["Łódź", "Kraków", "Gdańsk", "święta", "miesiąc"],
    "cp1251": ["Москва", "Казань", "хлеб", "да", "нет"],
    "koi8-r": ["Москва", "Казань", "хлеб", "да", "нет"],
    "cp1253": ["Αθήνα", "Πάτρα", "καλό", "ψωμί"],
    "cp1254": ["İstanbul", "İzmir", "güneş", "ışık", "Şanlıurfa"],
    "shift_jis": ["東京", "大阪", "良い", "悪い", "パン"],
    "euc_jp": ["東京", "大阪", "良い", "悪い", "パン"],
    "gb18030": ["北京", "上海", "广州", "好", "坏"],
    "big5": ["台北", "高雄", "好", "壞"],
    "euc_kr": ["서울", "부산", "좋음", "나쁨"],
}


def table(words: list[str]) -> str:
    return "a,b,y\n" + "".join(
        f"{word},{i},{i % 2}\n" for i, word in zip(range(60), itertools.cycle(words), strict=False)
    )


@pytest.mark.parametrize("encoding", WORDS)
def test_a_table_of_words_in_any_usual_encoding_comes_out_right_and_that_is_said(tmp_path, encoding):
    raw = read(tmp_path, table(WORDS[encoding]).encode(encoding))
    assert sorted(set(raw.frame["a"])) == sorted(WORDS[encoding])
    assert any("params.yaml: define.encoding" in note for note in raw.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-be"])
def test_unicode_is_read_without_a_word_where_it_has_a_mark_or_is_utf8(tmp_path, encoding):
    raw = read(tmp_path, table(WORDS["shift_jis"] + ["plain"] * 20).encode(encoding))
    assert rows(raw)[0][0] == "東京"
    assert bool(raw.notes) == (encoding in ("utf-16-be", "utf-32-be"))


def test_a_euro_behind_numbers_is_no_letter(tmp_path):
    text = "a;b;y\n" + "".join(f"{i},50 €;{i} °C;{i % 2}\n" for i in range(40))
    assert rows(read(tmp_path, text.encode("cp1252")))[3] == ["3,50 €", "3 °C", "1"]


def test_letters_among_ascii_ones_are_latin():
    for word in ("ä", "Müller", "São Paulo", "Ångström", "café", "Straße über"):
        assert survey(io.BytesIO(f"a,b\n{word},1\n".encode("cp1252"))).encoding == "cp1252", word


def test_params_name_the_encoding(tmp_path):
    raw = read(tmp_path, "größe,y\n1,2\n".encode("cp437"), options=ReadOptions(encoding="cp437"))
    assert names(raw) == ["größe", "y"] and not raw.notes
    with pytest.raises(UserError, match="define.encoding is 'utf-9', which Python does not know"):
        read(tmp_path, "a,b\n1,2\n", options=ReadOptions(encoding="utf-9"))


@pytest.mark.parametrize(
    ("encoding", "target", "towns"),
    [("cp1250", "kupił", ["Łódź", "Gdańsk"]), ("cp1257", "pirkėjas", ["Kaunas", "Šiauliai"]), ("cp852", "výše", ["Brno", "Plzeň"]),
     ("cp1251", "куплено", ["Omsk", "Perm"]), ("big5", "成交", ["Taipei", "Tainan"])],
)  # fmt: skip
def test_the_targets_name_settles_an_encoding_that_few_letters_leave_open(tmp_path, encoding, target, towns):
    text = f"town,n,{target}\n" + "".join(f"{towns[i % 2]},{i},{i % 2}\n" for i in range(60))
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    raw = read_raw(tmp_path, target=target)
    assert names(raw)[2] == target and set(raw.frame["town"]) == set(towns)
    assert any("define.encoding" in note for note in raw.notes)


def test_clean_reads_a_file_in_the_encoding_that_define_found_for_it(tmp_path):
    """café has the same bytes in both encodings, the target has not."""
    (tmp_path / "t.csv").write_bytes(("café,n,kupił\n" + "a,1,0\nb,2,1\n" * 30).encode("cp1250"))
    named = names(read_raw(tmp_path, target="kupił"))
    again = names(read_raw(tmp_path, ReadOptions(wanted=tuple(named))))
    assert named == again == ["café", "n", "kupił"]


def test_a_name_of_one_letter_within_a_word_settles_nothing(tmp_path):
    raw = read(tmp_path, table(["m³", "km"]).encode("cp1252"), options=ReadOptions(wanted=("ł",)))
    assert set(raw.frame["a"]) == {"m³", "km"}


def test_a_fraction_within_a_word_is_a_letter_of_another_encoding(tmp_path):
    words = ["Cœur", "Œuvre", "Mœurs", "été"]
    raw = read(tmp_path, table(words).encode("iso8859-15"))
    assert sorted(set(raw.frame["a"])) == sorted(words)
