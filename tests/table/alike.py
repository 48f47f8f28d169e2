"""Small synthetic tables, each with the quirks of a well-known public one: its columns, missing tokens, codes and leaks."""

# ruff: noqa: B905  (columns of one table are of one length)

import numpy as np
import pandas as pd


def adult(n=400, dot=False):
    r = np.random.default_rng(0)
    t = pd.DataFrame(
        {
            "age": r.integers(17, 90, n),
            "workclass": r.choice(["Private", "Self-emp-not-inc", "?", "State-gov"], n, p=[0.7, 0.1, 0.1, 0.1]),
            "fnlwgt": r.integers(12285, 1484705, n),
            "education": r.choice(["HS-grad", "Bachelors", "Masters"], n),
            "education-num": r.integers(1, 16, n),
            "occupation": r.choice(["Sales", "Craft-repair", "?"], n),
            "sex": r.choice(["Male", "Female"], n),
            "capital-gain": r.choice(
                [0, 0, 0, 0, 0, 7688, 15024, 99999], n, p=[0.2, 0.2, 0.2, 0.2, 0.1, 0.04, 0.04, 0.02]
            ),
            "capital-loss": r.choice([0, 0, 1902], n),
            "hours-per-week": r.integers(1, 99, n),
            "native-country": r.choice(["United-States", "?", "Mexico"], n, p=[0.9, 0.02, 0.08]),
        }
    )
    t["income"] = np.where(t.age + r.normal(0, 20, n) > 60, ">50K", "<=50K")
    if dot:
        t["income"] += "."
    return "\n".join(", ".join(map(str, row)) for row in [t.columns, *t.itertuples(index=False)]) + "\n"


def german(n=300):
    r = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "status": r.choice(["A11", "A12", "A13", "A14"], n),
            "duration": r.integers(4, 72, n),
            "purpose": r.choice(["A40", "A41", "A410"], n),
            "amount": r.integers(250, 18424, n),
            "rate": r.integers(1, 5, n),
            "age": r.integers(19, 75, n),
            "telephone": r.choice(["A191", "A192"], n),
            "class": r.choice([1, 2], n, p=[0.7, 0.3]),
        }
    ).to_csv(index=False)


def bank(n=400):
    r = np.random.default_rng(2)
    t = pd.DataFrame(
        {
            "age": r.integers(18, 95, n),
            "job": r.choice(["admin.", "blue-collar", "unknown"], n),
            "default": r.choice(["no", "yes"], n, p=[0.98, 0.02]),
            "balance": r.integers(-8019, 102127, n),
            "contact": r.choice(["unknown", "cellular"], n),
            "day": r.integers(1, 31, n),
            "month": r.choice(["may", "jul", "nov"], n),
            "duration": r.integers(0, 4918, n),
            "campaign": r.integers(1, 63, n),
            "pdays": np.where(r.random(n) < 0.8, -1, r.integers(1, 871, n)),
            "previous": r.integers(0, 20, n),
            "poutcome": r.choice(["unknown", "failure", "success"], n),
            "y": r.choice(["no", "yes"], n, p=[0.88, 0.12]),
        }
    )
    return t.to_csv(index=False, sep=";", quoting=2)


def wine(n=500):
    r = np.random.default_rng(3)
    t = pd.DataFrame(
        {
            "fixed acidity": r.normal(7, 1, n).round(1),
            "volatile acidity": r.uniform(0.1, 1.5, n).round(2),
            "citric acid": r.choice([0, 0.1, 0.3, 0.49], n),
            "residual sugar": r.lognormal(1, 1, n).round(1),
            "chlorides": r.uniform(0.01, 0.6, n).round(3),
            "free sulfur dioxide": r.integers(1, 70, n),
            "density": r.normal(0.995, 0.002, n).round(5),
            "pH": r.normal(3.3, 0.1, n).round(2),
            "alcohol": r.choice([9.4, 10.0333333333333, 12.8], n),
            "quality": np.r_[[3] * 3, [9] * 2, r.choice([4, 5, 6, 7, 8], n - 5, p=[0.04, 0.4, 0.4, 0.12, 0.04])],
        }
    )
    return t.to_csv(index=False, sep=";", quoting=2)


def bike(n=700):
    r = np.random.default_rng(4)
    d = pd.date_range("2011-01-01", periods=n)
    casual, reg = r.integers(2, 3000, n), r.integers(20, 6900, n)
    return pd.DataFrame(
        {
            "instant": range(1, n + 1),
            "dteday": d.strftime("%Y-%m-%d"),
            "season": (d.month % 12 // 3 + 1),
            "yr": d.year - 2011,
            "mnth": d.month,
            "holiday": (r.random(n) < 0.03).astype(int),
            "weekday": d.day_of_week,
            "weathersit": r.choice([1, 2, 3], n),
            "temp": r.uniform(0.05, 0.9, n).round(6),
            "hum": r.uniform(0, 1, n).round(6),
            "casual": casual,
            "registered": reg,
            "cnt": casual + reg,
        }
    ).to_csv(index=False)


def ames(n=400):
    r = np.random.default_rng(5)
    area = r.integers(334, 5642, n)
    return pd.DataFrame(
        {
            "Id": range(1, n + 1),
            "MSSubClass": r.choice([20, 60, 120], n),
            "MSZoning": r.choice(["RL", "RM", "C (all)"], n),
            "LotFrontage": np.where(r.random(n) < 0.18, "NA", r.integers(21, 313, n).astype(str)),
            "LotArea": r.integers(1300, 215245, n),
            "Alley": r.choice(["NA", "Grvl", "Pave"], n, p=[0.94, 0.03, 0.03]),
            "MasVnrType": r.choice(["None", "BrkFace", "NA"], n, p=[0.6, 0.39, 0.01]),
            "YearBuilt": r.integers(1872, 2010, n),
            "BsmtFinSF1": np.where(r.random(n) < 0.3, 0, r.integers(1, 5644, n)),
            "1stFlrSF": area,
            "2ndFlrSF": np.where(r.random(n) < 0.5, 0, r.integers(100, 2065, n)),
            "PoolQC": np.where(r.random(n) < 0.99, "NA", "Gd"),
            "MiscVal": np.where(r.random(n) < 0.96, 0, 15500),
            "MoSold": r.integers(1, 13, n),
            "YrSold": r.integers(2006, 2011, n),
            "SaleType": r.choice(["WD", "New"], n),
            "SalePrice": (area * 90 + r.normal(0, 2e4, n) + 60000).astype(int),
        }
    ).to_csv(index=False)


def creditcard(n=3000):
    r = np.random.default_rng(6)
    y = (np.arange(n) % 500 == 7).astype(int)
    t = pd.DataFrame(
        {"Time": np.sort(r.integers(0, 172792, n)).astype(float)} | {f"V{i}": r.normal(0, 1, n) for i in range(1, 6)}
    )
    t["V1"] -= 3 * y
    t["Amount"] = np.where(r.random(n) < 0.006, 0, r.lognormal(3, 1.5, n).round(2))
    return t.assign(Class=y).to_csv(index=False)


def heart(n=303):
    r = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "age": r.integers(29, 77, n),
            "sex": r.integers(0, 2, n),
            "cp": r.integers(1, 5, n),
            "trestbps": r.integers(94, 200, n),
            "chol": np.where(r.random(n) < 0.005, 0, r.integers(126, 564, n)),
            "fbs": r.integers(0, 2, n),
            "thalach": r.integers(71, 202, n),
            "oldpeak": r.uniform(0, 6, n).round(1),
            "ca": r.choice(["0.0", "1.0", "2.0", "3.0", "?"], n, p=[0.58, 0.21, 0.13, 0.06, 0.02]),
            "thal": r.choice(["3.0", "6.0", "7.0", "?"], n),
            "num": r.choice([0, 1, 2, 3, 4], n, p=[0.54, 0.18, 0.12, 0.12, 0.04]),
        }
    ).to_csv(index=False)


def mushrooms(n=800):
    r = np.random.default_rng(8)
    y = r.choice(["e", "p"], n)
    odor = np.where(
        y == "e",
        r.choice(["n", "a", "l"], n, p=[0.8, 0.1, 0.1]),
        r.choice(["f", "s", "y", "p", "c", "m", "n"], n, p=[0.55, 0.15, 0.14, 0.06, 0.05, 0.02, 0.03]),
    )
    return pd.DataFrame(
        {
            "class": y,
            "cap-shape": r.choice(list("bcxfks"), n),
            "bruises": r.choice(["t", "f"], n),
            "odor": odor,
            "stalk-root": r.choice(list("bcer?"), n),
            "veil-type": ["p"] * n,
            "spore-print-color": r.choice(list("knbhwruoy"), n),
            "habitat": r.choice(list("gludmpw"), n),
        }
    ).to_csv(index=False)


def abalone(n=500):
    r = np.random.default_rng(9)
    whole = r.uniform(0.01, 2.8, n).round(4)
    return pd.DataFrame(
        {
            "Sex": r.choice(list("MFI"), n),
            "Length": r.uniform(0.075, 0.815, n).round(3),
            "Height": np.where(np.arange(n) < 2, 0, r.uniform(0.08, 0.2, n).round(3)),
            "Whole weight": whole,
            "Shucked weight": (whole * r.uniform(0.3, 0.5, n)).round(4),
            "Shell weight": (whole * 0.28).round(4),
            "Rings": r.integers(1, 29, n),
        }
    ).to_csv(index=False)


def autompg(n=398):
    r = np.random.default_rng(10)
    return pd.DataFrame(
        {
            "mpg": r.uniform(9, 46, n).round(1),
            "cylinders": r.choice([4, 6, 8], n),
            "displacement": r.integers(68, 455, n).astype(float),
            "horsepower": np.where(np.arange(n) % 66 == 0, "?", r.integers(46, 230, n).astype(str)),
            "weight": r.integers(1613, 5140, n),
            "acceleration": r.uniform(8, 24, n).round(1),
            "model year": r.integers(70, 83, n),
            "origin": r.integers(1, 4, n),
            "car name": [
                f"{m} {k}"
                for m, k in zip(r.choice(["ford pinto", "toyota corolla", "amc hornet"], n), r.integers(1, 250, n))
            ],
        }
    ).to_csv(index=False)


def news(n=300):
    r = np.random.default_rng(11)
    t = pd.DataFrame(
        {
            "url": [f"http://mashable.com/2013/01/{i % 28 + 1:02d}/story-{i}/" for i in range(n)],
            " timedelta": r.integers(8, 731, n).astype(float),
            " n_tokens_title": r.integers(5, 18, n).astype(float),
            " kw_min_min": np.where(r.random(n) < 0.58, -1, 4.0),
            " weekday_is_monday": r.integers(0, 2, n).astype(float),
            " LDA_00": r.uniform(0, 1, n),
            " shares": r.lognormal(7, 1, n).astype(int),
        }
    )
    return t.to_csv(index=False).replace(",", ", ")


def airline(n=600):
    r = np.random.default_rng(12)
    d = pd.date_range("2008-01-01", periods=n, freq="3h")
    dep = r.integers(0, 24, n) * 100 + r.integers(0, 60, n)
    delay = r.normal(8, 30, n).round()
    return pd.DataFrame(
        {
            "Year": d.year,
            "Month": d.month,
            "DayofMonth": d.day,
            "DayOfWeek": d.day_of_week + 1,
            "CRSDepTime": dep,
            "DepTime": dep,
            "UniqueCarrier": r.choice(["WN", "AA", "DL"], n),
            "FlightNum": r.integers(1, 7000, n),
            "TailNum": r.choice(["N712SW", "N772SW", "N428WN", "N612SW"], n),
            "Origin": r.choice(["IAD", "IND"], n),
            "Distance": r.integers(100, 2500, n),
            "CancellationCode": ["NA"] * n,
            "Diverted": [0] * n,
            "DepDelay": delay,
            "ArrDelay": np.where(
                np.arange(n) % 40 == 0, "NA", (delay + r.normal(0, 9, n)).round().astype(int).astype(str)
            ),
        }
    ).to_csv(index=False)


def titanic(n=400):
    r = np.random.default_rng(13)
    sex = r.choice(["male", "female"], n)
    return pd.DataFrame(
        {
            "PassengerId": range(1, n + 1),
            "Survived": np.where((sex == "female") ^ (r.random(n) < 0.25), 1, 0),
            "Pclass": r.integers(1, 4, n),
            "Name": [
                f"{a}, {t}. {b} {i}"
                for i, (a, t, b) in enumerate(
                    zip(
                        r.choice(["Braund", "Cumings", "Moran"], n),
                        np.where(sex == "male", "Mr", "Mrs"),
                        r.choice(["Owen Harris", "James"], n),
                    )
                )
            ],
            "Sex": sex,
            "Age": np.where(r.random(n) < 0.2, "", r.integers(1, 80, n).astype(str)),
            "SibSp": r.integers(0, 5, n),
            "Ticket": [
                f"{p}{k}"
                for p, k in zip(
                    r.choice(["", "PC ", "A/5 ", "STON/O2. "], n, p=[0.7, 0.1, 0.1, 0.1]), r.integers(1000, 1300, n)
                )
            ],
            "Fare": np.where(r.random(n) < 0.02, 0, r.lognormal(3, 0.8, n).round(4)),
            "Cabin": np.where(r.random(n) < 0.77, "", [f"C{k}" for k in r.integers(1, 99, n)]),
            "Embarked": r.choice(["S", "C", "Q", ""], n, p=[0.7, 0.19, 0.1, 0.01]),
        }
    ).to_csv(index=False)


def melbourne(n=500):
    r = np.random.default_rng(14)
    d = pd.to_datetime("2016-01-28") + pd.to_timedelta(r.integers(0, 600, n), "D")
    return pd.DataFrame(
        {
            "Suburb": r.choice(["Abbotsford", "Airport West", "Albert Park"], n),
            "Address": [
                f"{k} {s} St" for k, s in zip(r.integers(1, 200, n), r.choice(["Turner", "Bloomburg", "Charles"], n))
            ],
            "Rooms": r.integers(1, 6, n),
            "Type": r.choice(list("hut"), n),
            "Price": np.where(r.random(n) < 0.2, "", r.integers(85000, 9000000, n).astype(str)),
            "Method": r.choice(["S", "SP", "PI"], n),
            "SellerG": r.choice(["Biggin", "Nelson", "Jellis"], n),
            "Date": [f"{x.day}/{x.month:02d}/{x.year}" for x in d],
            "Distance": r.uniform(0, 47, n).round(1),
            "Postcode": r.choice([3067.0, 3042.0, 3206.0], n),
            "Car": r.choice([0.0, 1.0, 2.0], n),
            "BuildingArea": np.where(r.random(n) < 0.5, "", r.integers(20, 400, n).astype(str)),
            "Lattitude": r.uniform(-38, -37, n).round(5),
            "Propertycount": r.choice([4019.0, 3464.0], n),
        }
    ).to_csv(index=False)


def cars(n=400):
    r = np.random.default_rng(15)
    return pd.DataFrame(
        {
            "name": [
                f"Maruti {m} {v}"
                for m, v in zip(r.choice(["Swift Dzire", "Alto 800"], n), r.choice(["VDI", "LXI", "ZXI Plus"], n))
            ],
            "year": r.integers(1994, 2021, n),
            "selling_price": [f"Rs. {p:,}" for p in r.integers(30, 900, n) * 1000],
            "km_driven": [f"{k:,} km" for k in r.integers(100, 300000, n)],
            "fuel": r.choice(["Diesel", "Petrol", "CNG"], n),
            "seller_type": r.choice(["Individual", "Dealer"], n),
            "owner": r.choice(["First Owner", "Second Owner"], n),
            "mileage": [
                f"{m:.1f} {u}" for m, u in zip(r.uniform(9, 28, n), r.choice(["kmpl", "km/kg"], n, p=[0.95, 0.05]))
            ],
            "engine": [f"{e} CC" if e else "" for e in r.choice([0, 796, 1248, 1498], n, p=[0.03, 0.3, 0.4, 0.27])],
            "max_power": [f"{b:.2f} bhp" for b in r.uniform(34, 200, n)],
            "torque": [f"{a}Nm@ {b}rpm" for a, b in zip(r.integers(60, 400, n), r.integers(15, 45, n) * 100)],
            "seats": r.choice(["5", "7", ""], n),
        }
    ).to_csv(index=False)


def shop(n=800):
    r = np.random.default_rng(16)
    t = pd.to_datetime("2010-12-01 08:26:00") + pd.to_timedelta(np.sort(r.integers(0, 500000, n)), "min")
    return pd.DataFrame(
        {
            "InvoiceNo": [f"{536365 + i // 3}" if i % 50 else f"C{536365 + i // 3}" for i in range(n)],
            "StockCode": r.choice(["85123A", "71053", "84406B", "POST"], n),
            "Description": r.choice(["WHITE HANGING HEART", "CREAM CUPID HEARTS COAT HANGER"], n),
            "Quantity": r.integers(1, 80, n),
            "InvoiceDate": [f"{x.month}/{x.day}/{x.year} {x.hour}:{x.minute:02d}" for x in t],
            "UnitPrice": r.uniform(0.3, 20, n).round(2),
            "CustomerID": np.where(r.random(n) < 0.2, "", r.integers(12346, 12500, n).astype(str)),
            "Country": r.choice(["United Kingdom", "France"], n),
            "returned": r.choice(["False", "True"], n, p=[0.9, 0.1]),
        }
    ).to_csv(index=False)


def sensor(n=900):
    r = np.random.default_rng(17)
    t = pd.date_range("2004-03-10 18:00", periods=n, freq="h")

    def x(lo, hi):
        return np.where(r.random(n) < 0.05, "-200", [f"{v:.1f}".replace(".", ",") for v in r.uniform(lo, hi, n)])

    return pd.DataFrame(
        {
            "Date": t.strftime("%d/%m/%Y"),
            "Time": t.strftime("%H.%M.%S"),
            "CO(GT)": x(0, 11),
            "PT08.S1(CO)": np.where(r.random(n) < 0.04, -999, r.integers(647, 2040, n)),
            "T": x(-1, 44),
            "RH": x(9, 88),
            "C6H6(GT)": x(1, 60),
            "": "",
            " ": "",
        }
    ).to_csv(index=False, sep=";")
