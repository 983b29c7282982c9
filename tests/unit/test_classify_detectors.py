"""Each detector finds its numbers, refuses them with a wrong check digit, and leaves office text alone."""

import pytest

from signalbox.classify.content import BOUNDARY
from signalbox.classify.detectors import detect

PAYMENT = [
    "4111 1111 1111 1111",
    "Card 4111111111111111.",
    "4111-1111-1111-1111",
    "4111\n1111\n1111\n1111",
    "4111\r\n1111\r\n1111\r\n1111",
    "4111.1111.1111.1111",
    "41111111 1111 1111",
    " ".join("4111111111111111"),
    "3782 822463 10005",
    "378282246310005",
    "5555555555554444",
    "2223003122003222",
    "6011111111111117",
    "3530 1113 3330 0000",
    "3056 930902 5904",
    "6200 0000 0000 0005",
    "６０１１１１１１１１１１１１１７",
    "٤١١١١١١١١١١١١١١١",
    "4111\u200b1111\u200b1111\u200b1111",
    "4111\u00ad111111111111",
    "4111\u00a01111\u00a01111\u00a01111",
    "4111\u20111111\u20111111\u20111111",
    "4111\x001111\x001111\x001111",
]
BANK = [
    "DE89 3704 0044 0532 0130 00",
    "de89370400440532013000",
    "IBAN: GB29 NWBK 6016 1331 9268 19, thanks",
    "FR14 2004 1010 0505 0001 3M02 606",
    "MT84MALT011000012345MTLCAST001S",
    "NO93-8601-1117-947",
    "DE89 37040 04405 32013 000",
]
PERSONAL = [
    "SSN 123456789",
    "219-09-9999",
    "86095742719",
    "Steuer-ID 86 095 742 719",
    "47036892816",
    "1 84 12 76 451 089 46",
    "255081416802538",
    "RSSMRA85T10A562S",
    "mrtmtt91d08f205j",
    "12345678Z",
    "12345678-Z",
    "12.345.678-Z",
    "X1234567L",
    "BSN: 111222333",
    "AB123456C",
    "AB 12 34 56 C",
    "529.982.247-25",
    "CPF 52998224725",
    "93.05.18-223.61",
    "85073003328",
    "756.9217.0769.85",
    "7569217076985",
    "811228-9874",
    "19811228-9874",
    "PESEL 44051401359",
]
CREDENTIALS = [
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "sk-proj-abc123def456ghi789jkl",
    "xoxb-123456789012-abcdefghij",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123",
    "password: hunter2",
    'PASSWORD = "Tr0ub4dor&3"',
    "das Passwort lautet geheim99",
    "mot de passe : s3cret!",
    "API_KEY=abcdef1234567890",
    '{"access_token": "9f8a7b6c5d4e3f2a"}',
    "postgres://user:s3cr3t@db.example/x",
]
HEALTH = [
    "The patient was started on insulin",
    "Patientin klagt über Schmerzen, Diagnose F32.1",
    "Krankmeldung: arbeitsunfähig bis Freitag",
    "medication: 5 mg daily",
    "diagnostic du patient",
]
NOTHING = [
    "",
    "4111 1111 1111 1112",
    "0.4111111111111111",
    "4111,1111,1111,1111",
    "4111\t1111\t1111\t1111",
    "2021 2022 2023 2024",
    "DE89 3704 0044 0532 0130 01",
    "000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000",
    "123456789 and 52998224725 and 44051401359 and 111222333",
    "86095742718",
    "12345678A X1234567A RSSMRA85T10A562T QQ123456C AB123456E",
    "550e8400-e29b-41d4-a716-446655440000",
    "mail bob@example.com or call +49 30 12345678",
    "order 2026112200017 of 2026-11-22 14:30, EUR 1 250 000.00, 35 %",
    "risk-assessment-of-the-coming-quarters",
    "Your password is expired. Please reset it by 2026-11-30. Password: ********",
    "password: {{password}} $PASSWORD",
    "token: 12 pieces, key: figures",
    "Please be patient with us.",
    "A diagnosis of the sales figures",
    "https://example.com/a:b/c@d",
]


@pytest.mark.parametrize("text", PAYMENT)
def test_finds_card_numbers(text: str) -> None:
    assert "payment" in detect(text)


@pytest.mark.parametrize("text", BANK)
def test_finds_bank_accounts(text: str) -> None:
    assert "bank" in detect(text)


@pytest.mark.parametrize("text", PERSONAL)
def test_finds_identity_numbers(text: str) -> None:
    assert "personal" in detect(text)


@pytest.mark.parametrize("text", CREDENTIALS)
def test_finds_credentials(text: str) -> None:
    assert "credentials" in detect(text)


@pytest.mark.parametrize("text", HEALTH)
def test_finds_health_terms(text: str) -> None:
    assert "health" in detect(text)


@pytest.mark.parametrize("text", NOTHING)
def test_leaves_office_text_alone(text: str) -> None:
    assert detect(text) == ()


def test_corsican_social_security_number() -> None:
    body = "151022A111111"
    key = 97 - int(body.replace("2A", "19")) % 97
    assert detect(f"{body}{key:02d}") == ("personal",)
    assert detect(f"1 51 02 2A 111 111 {key:02d}") == ("personal",)
    assert detect(f"{body}{(key + 1) % 97:02d}") == ()


def test_names_every_category_once_and_sorted() -> None:
    everything = BOUNDARY.join(PAYMENT + BANK + PERSONAL + CREDENTIALS + HEALTH)
    assert detect(everything) == ("bank", "credentials", "health", "payment", "personal")


@pytest.mark.parametrize("kind", [PAYMENT, BANK, PERSONAL, CREDENTIALS, HEALTH])
def test_finds_what_stands_at_the_end_of_two_megabytes(kind: list[str]) -> None:
    filler = "The board met on 2026-11-22 and approved 1,250,000 EUR (35 %) for Q3. " * 28_000
    assert detect(filler) == ()
    assert detect(f"{filler} {kind[0]}") == detect(kind[0])


def test_never_reads_across_two_texts() -> None:
    assert detect(f"4111 1111{BOUNDARY}1111 1111") == ()
    assert detect(f"{' '.join('41111111')}{BOUNDARY}{' '.join('11111111')}{BOUNDARY}no. 1234567890") == ()
    assert detect(f"the patient{BOUNDARY}insulin") == ()
    assert detect(f"insulin{BOUNDARY}the patient") == ()
    assert detect(f"bsn{BOUNDARY}111222333") == ()
    assert detect(f"password:{BOUNDARY}hunter2") == ()


def test_health_terms_far_apart_are_not_one_story() -> None:
    far = "and much else happened that week, " * 20
    assert detect(f"be patient {far} insulin {far} be patient") == ()


def test_a_half_surrogate_pair_is_no_error() -> None:
    assert detect("\ud800 4111 1111 1111 1111") == ("payment",)
