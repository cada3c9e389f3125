import pytest

from core.emissions.own_grids import MAX_BYTES, MAX_ROWS, own_table
from core.errors import DataError

HEADER = "code,name,year,g_per_kwh\n"


def test_rows_are_read_with_bom_quotes_crlf_and_empty_lines() -> None:
    text = '\ufeffCODE, name ,year,g_per_kwh\r\nIRL-22,"Ireland, all",2022, 290.8\r\n\r\nX,Y,,0\r\n'
    record = own_table("eirgrid", "EirGrid\n 2022", text.encode())
    assert record.source == "EirGrid 2022"
    assert record.rows == [
        {"code": "IRL-22", "name": "Ireland, all", "year": 2022, "g_per_kwh": 290.8},
        {"code": "X", "name": "Y", "year": None, "g_per_kwh": 0.0},
    ]
    assert record.created_at


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("IRL,Ireland,2023,nan\n", "line 2: g_per_kwh 'nan' is no number from 0 to 5,000"),
        ("IRL,Ireland,2023,inf\n", "line 2: g_per_kwh 'inf' is no number from 0 to 5,000"),
        ("IRL,Ireland,2023,-1\n", "line 2: g_per_kwh '-1' is no number"),
        ("IRL,Ireland,2023,5000.1\n", "line 2: g_per_kwh '5000.1' is no number"),
        ("IRL,Ireland,2023,1_0\n", "line 2: g_per_kwh '1_0' is no number"),
        ("IRL,Ireland,2023,\n", "line 2: g_per_kwh '' is no number"),
        ("IRL,Ireland,23,1\n", "line 2: the year '23' is none"),
        ("IRL,,2023,1\n", "line 2: the name '' is empty, too long or not printable"),
        ("IR:L,Ireland,2023,1\n", "line 2: the code 'IR:L' is not made of letters"),
        ("IRL,Ireland,2023\n", "line 2: 3 cells instead of 4"),
        ("A,B,,1\nX,Y,,2\na,C,,3\n", "line 4: the code 'a' is in line 2 already"),
        ('A,"B,,1\n', "line 2: unexpected end of data"),
        ("A,B,,x\nC,D,,y\n", "line 2: g_per_kwh 'x' is no number from 0 to 5,000; line 3: "),
    ],
)
def test_every_fault_is_told_with_line_and_value(rows: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        own_table("lab", "us", (HEADER + rows).encode())
    assert sentence in caught.value.message
    assert caught.value.message.startswith("The grid table has faults: line ")
    assert caught.value.message.count(". ") == 0


def test_many_faults_are_counted() -> None:
    with pytest.raises(DataError, match="and 15 more faults"):
        own_table("lab", "us", (HEADER + "A,B,,x\n" * 20).encode())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Line 1 must be code,name,year,g_per_kwh; it is ''."),
        (b"code;name;year;g_per_kwh\n", "it is 'code;name;year;g_per_kwh'."),
        (HEADER.encode(), "The grid table has no rows."),
        (HEADER.encode() + b"A,\xff,,1\n", "not UTF-8: line 2 holds the byte 0xff"),
        (b" " * (MAX_BYTES + 1), "The grid table has 1,000,001 bytes; 1,000,000 are allowed."),
        (
            HEADER.encode() + b"".join(b"C%d,N,,1\n" % n for n in range(MAX_ROWS + 1)),
            "The grid table has more than 5,000 rows.",
        ),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        own_table("lab", "us", data)
    assert sentence in caught.value.message


@pytest.mark.parametrize("name", ["", "codecarbon", "NOTEBOOK", "a b", "a:b", "a,b", "x" * 41])
def test_names_that_keys_cannot_have_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="cannot be the name of a grid table"):
        own_table(name, "us", (HEADER + "A,B,,1\n").encode())


@pytest.mark.parametrize("source", ["", " \n", "x" * 301])
def test_a_table_without_source_is_refused(source: str) -> None:
    with pytest.raises(DataError, match="needs a source"):
        own_table("lab", source, (HEADER + "A,B,,1\n").encode())


def test_codes_that_differ_by_accents_only_are_one() -> None:
    with pytest.raises(DataError, match="'É1' is in line 2 already"):
        own_table("lab", "us", f"{HEADER}E1,a,,1\nÉ1,b,,2\n".encode())
