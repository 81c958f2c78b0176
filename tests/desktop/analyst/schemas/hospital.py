"""A hospital: abbreviated names, two dates in a fact, bills beside appointments, a bridge to conditions."""

from datetime import date, timedelta

from tests.desktop.analyst.schemas.tables import Field, Table, choice, pick

NEWEST = date(2025, 12, 31)
_FIRST = date(2024, 1, 1)
_DAYS = (NEWEST - _FIRST).days + 1

_DEPARTMENTS = ("Cardiology", "Orthopaedics", "Paediatrics", "Gynaecology", "General Medicine", "ENT")
_SURNAMES = ("Sharma", "Verma", "Iyer", "Khan", "Das", "Nair", "Singh", "Mehta", "Bose", "Reddy")
_FIRST_NAMES = ("Asha", "Ravi", "Meena", "Imran", "Sunita", "Arjun", "Farah", "Kiran", "Leela", "Dev")
_CITIES = ("Lucknow", "Kanpur", "Barabanki", "Sitapur", "Unnao")
_CONDITIONS = ("Diabetes", "Hypertension", "Asthma", "Arthritis", "Anaemia")
_SERVICES = ("Consultation", "X-ray", "Blood test", "MRI", "Pharmacy", "Room rent")
_INSURERS = ("Star Health", "Ayushman Bharat", "New India")


def hospital() -> list[Table]:
    """The tables, parents first. Bills exist for completed appointments and for walk-ins."""
    departments = [
        (n + 1, name, choice(("A", "B", "C"), "block", n), 10 + pick(40, "beds", n))
        for n, name in enumerate(_DEPARTMENTS)
    ]
    doctors = [
        (
            n,
            f"Dr {_FIRST_NAMES[n % 10]} {_SURNAMES[(n * 3) % 10]}",
            1 + n % len(_DEPARTMENTS),
            date(2010, 1, 1) + timedelta(days=pick(5000, "doj", n)),
            300 + 100 * pick(10, "fee", n),
        )
        for n in range(1, 25)
    ]
    patients = [_patient(n) for n in range(1, 401)]
    appointments = [_appointment(n) for n in range(1, 2501)]
    bills, items = _bills(appointments)
    return [
        Table(
            "departments",
            ("dept_id",),
            (
                Field("dept_id", "INTEGER"),
                Field("dept_name", "VARCHAR(40)"),
                Field("block", "VARCHAR(1)"),
                Field("beds", "INTEGER"),
            ),
            list(departments),
        ),
        Table(
            "doctors",
            ("doc_id",),
            (
                Field("doc_id", "INTEGER"),
                Field("doc_name", "VARCHAR(60)"),
                Field("dept_id", "INTEGER", "departments.dept_id"),
                Field("doj", "DATE"),
                Field("fee", "INTEGER"),
            ),
            list(doctors),
        ),
        Table(
            "patients",
            ("pat_id",),
            (
                Field("pat_id", "INTEGER"),
                Field("Full Name", "VARCHAR(60)"),
                Field("sex", "VARCHAR(1)"),
                Field("dob", "DATE"),
                Field("city", "VARCHAR(40)"),
                Field("blood_grp", "VARCHAR(3)"),
                Field("reg_dt", "DATE"),
            ),
            list(patients),
        ),
        Table(
            "conditions",
            ("cond_id",),
            (Field("cond_id", "INTEGER"), Field("condition", "VARCHAR(40)")),
            [(n + 1, name) for n, name in enumerate(_CONDITIONS)],
        ),
        Table(
            "patient_conditions",
            ("pat_id", "cond_id"),
            (
                Field("pat_id", "INTEGER", "patients.pat_id"),
                Field("cond_id", "INTEGER", "conditions.cond_id"),
                Field("since", "DATE"),
            ),
            [
                (patient, condition, date(2015, 1, 1) + timedelta(days=pick(3000, "since", patient)))
                for patient in range(1, 401)
                for condition in range(1, 6)
                if pick(100, "has", patient, condition) < 28
            ],
        ),
        Table(
            "appointments",
            ("appt_id",),
            (
                Field("appt_id", "INTEGER"),
                Field("pat_id", "INTEGER", "patients.pat_id"),
                Field("doc_id", "INTEGER", "doctors.doc_id"),
                Field("booked_on", "DATE"),
                Field("appt_dt", "DATE"),
                Field("status", "VARCHAR(12)"),
                Field("type", "VARCHAR(12)"),
                Field("wait_min", "INTEGER"),
            ),
            list(appointments),
        ),
        Table(
            "bills",
            ("bill_no",),
            (
                Field("bill_no", "INTEGER"),
                Field("pat_id", "INTEGER", "patients.pat_id"),
                Field("appt_id", "INTEGER", "appointments.appt_id"),
                Field("bill_dt", "DATE"),
                Field("paid_on", "DATE"),
                Field("gross_amt", "DECIMAL(12,2)"),
                Field("disc_amt", "DECIMAL(12,2)"),
                Field("net_amt", "DECIMAL(12,2)"),
                Field("insurer", "VARCHAR(40)"),
            ),
            list(bills),
        ),
        Table(
            "bill_items",
            ("bill_no", "line_no"),
            (
                Field("bill_no", "INTEGER", "bills.bill_no"),
                Field("line_no", "INTEGER"),
                Field("service", "VARCHAR(40)"),
                Field("qty", "INTEGER"),
                Field("amount", "DECIMAL(12,2)"),
            ),
            list(items),
        ),
    ]


def _patient(n: int) -> tuple[int, str, str, date, str, str, date]:
    return (
        n,
        f"{choice(_FIRST_NAMES, 'first', n)} {choice(_SURNAMES, 'last', n)}",
        choice(("F", "M"), "sex", n),
        date(1940, 1, 1) + timedelta(days=pick(29000, "dob", n)),
        choice(_CITIES, "city", n // 2),
        choice(("A+", "B+", "O+", "AB+", "O-"), "blood", n),
        _FIRST + timedelta(days=pick(600, "registered", n)),
    )


def _appointment(n: int) -> tuple[int, int, int, date, date, str, str, int | None]:
    day = _FIRST + timedelta(days=(n - 1) * (_DAYS - 1) // 2499)
    thrown = pick(100, "status", n)
    status = "Completed" if thrown < 78 else "Cancelled" if thrown < 90 else "No-show"
    return (
        n,
        1 + pick(400, "patient", n),
        1 + pick(24, "doctor", n),
        day - timedelta(days=pick(30, "lead", n)),
        day,
        status,
        choice(("New", "Follow-up"), "type", n),
        5 + pick(80, "wait", n) if status == "Completed" else None,
    )


Bill = tuple[int, int, int | None, date, date | None, str, str, str, str | None]
Item = tuple[int, int, str, int, str]


def _bills(
    appointments: list[tuple[int, int, int, date, date, str, str, int | None]],
) -> tuple[list[Bill], list[Item]]:
    bills: list[Bill] = []
    items: list[Item] = []
    for appointment in appointments:
        walk_in = pick(100, "walk-in", appointment[0]) < 8
        if appointment[5] != "Completed" and not walk_in:
            continue
        number = 10_001 + len(bills)
        gross = 0
        for line in range(1, 2 + pick(4, "lines", number)):
            paise = 10_000 + 2_550 * pick(150, "amount", number, line)
            gross += paise
            service = "Consultation" if line == 1 else _SERVICES[1 + pick(5, "service", number, line)]
            items.append((number, line, service, 1 + pick(3, "qty", number, line), _rupees(paise)))
        discount = gross * pick(4, "discount", number) * 5 // 100
        day = appointment[4]
        paid = day + timedelta(days=pick(45, "paid", number))
        bills.append(
            (
                number,
                appointment[1],
                appointment[0] if appointment[5] == "Completed" else None,
                day,
                paid if paid <= NEWEST and pick(100, "pays", number) < 92 else None,
                _rupees(gross),
                _rupees(discount),
                _rupees(gross - discount),
                choice(_INSURERS, "insurer", number) if pick(2, "insured", number) else None,
            )
        )
    return bills, items


def _rupees(paise: int) -> str:
    return f"{paise // 100}.{paise % 100:02d}"
