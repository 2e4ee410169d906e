"""Why a whole file is refused: one sentence each, and nothing was changed."""

from integration.seam.recorded import recorded
from integration.seam.refusals import Refused

NO_TABLE = recorded("“%(file)s” is no table: %(seen)s. Send CSV, Excel (.xlsx), Parquet or Green Button (ESPI).")
IS_EMPTY = recorded("“%(file)s” is empty.")
ONLY_HEADING = recorded("“%(file)s” has a heading and no row.")
TOO_LARGE = recorded("“%(file)s” has %(bytes)s bytes; at most %(most)s are accepted (IMPORT_LARGEST_FILE).")
UNPACKS_TO_TOO_MUCH = recorded(
    "“%(file)s” unpacks to %(bytes)s bytes or more; at most %(most)s are accepted of a file of its size."
)
TOO_MANY_CELLS = recorded(
    "“%(file)s” has a row or cells far beyond what a sheet holds; at most %(most)s rows are accepted. Copy the table "
    "into a new file."
)
TOO_WIDE = recorded("“%(file)s” has %(columns)s columns or more; at most %(most)s are accepted.")
FORGOTTEN = recorded("The file is no longer kept: files are removed after a week. Send it again.")
NOT_AN_ENCODING = recorded("“%(value)s” is no encoding of text. Choose utf-8, utf-16 or cp1252.")
NO_TIME_ZONE = recorded("“%(value)s” is no time zone. Write one such as America/New_York.")
DAMAGED_TEXT = recorded("“%(file)s” is damaged in line %(line)s: its text is UTF-8 and then is not.")
NO_ENCODING = recorded("“%(file)s” is not %(encoding)s: line %(line)s has a character that does not exist in it.")
DAMAGED = recorded("“%(file)s” can't be read: %(problem)s")
LONG_CELL = recorded("Line %(line)s of “%(file)s” has a cell with more than %(most)s characters. Nothing was read.")
OPEN_QUOTE = recorded("Line %(line)s of “%(file)s” can't be read: %(problem)s. Is a quotation mark missing?")
COLUMN_TWICE = recorded("“%(file)s” has two columns named “%(column)s”. Rename or remove one.")
COLUMN_MISSING = recorded("“%(file)s” has no column for %(columns)s. It has: %(heading)s.")
FORMULA_IN_HEADING = recorded(
    "The heading of “%(file)s” has a formula. Save the file with values in place of formulas."
)
NO_SUCH_COLUMN = recorded("“%(column)s” is no column of “%(file)s”. It has: %(heading)s.")
NO_SUCH_SHEET = recorded("“%(file)s” has no sheet “%(sheet)s”. It has: %(sheets)s.")
TWO_DAY_ORDERS = recorded(
    "Dates of “%(file)s” such as %(example)s can be read in two ways. Say which: day first (dmy) or month first (mdy)."
)
TOO_MANY_REFUSED = recorded(
    "More than %(most)s rows of “%(file)s” would be refused; the first in line %(line)s, %(column)s: %(reason)s"
)


class FileRefused(Refused):
    """The file can't be read as a table of this kind; nothing was changed."""
