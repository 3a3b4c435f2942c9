"""Writes data/digits.csv: the UCI handwritten digits that come with scikit-learn.

1,797 images of 8 x 8 pixels with values from 0 to 16; one image a row, its digit at the end.

    python make_data.py           all rows
    python make_data.py 1500      only the first 1,500
"""

import os
import sys

from sklearn.datasets import load_digits


def main() -> None:
    digits = load_digits()
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else len(digits.target)
    header = ",".join([*(f"p{number}" for number in range(64)), "digit"])
    os.makedirs("data", exist_ok=True)
    with open("data/digits.csv", "w") as file:
        print(header, file=file)
        for pixels, digit in zip(digits.data[:n_rows], digits.target[:n_rows], strict=True):
            print(*(int(pixel) for pixel in pixels), digit, sep=",", file=file)
    print(f"wrote data/digits.csv: {min(n_rows, len(digits.target))} rows")


if __name__ == "__main__":
    main()
