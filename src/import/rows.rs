//! CSV into rows: RFC 4180 with any one-byte delimiter, UTF-8 with or without a byte order mark.
//!
//! Spreadsheets and CSV libraries mend what is broken: a quote that never closes swallows the rest of the file into one cell, and nobody is told. Here
//! a file is well formed or refused as a whole: every row as wide as the header, every quote closed, nothing after a closing quote, UTF-8
//! throughout, no record longer than [`RECORD_LEN_BYTES_MAX`] (so a broken file cannot fill the memory either).

use std::io::{self, Read};

use csv::{ErrorKind, StringRecord};

/// The longest record, in bytes: a row of a spreadsheet with long texts has a few thousand.
pub const RECORD_LEN_BYTES_MAX: usize = 1 << 20;

/// Why a file is refused. Lines are those of a text editor, rows those of a spreadsheet.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(io::Error),
    /// The file has no header.
    #[error("the file is empty; its first row should name the columns")]
    Empty,
    /// UTF-16 or the like.
    #[error("the file is not UTF-8 (it begins like UTF-16); save it as CSV UTF-8")]
    Utf16,
    /// Some other encoding.
    #[error("line {line}: cell {cell} of the row is not UTF-8; save the file as CSV UTF-8")]
    NotUtf8 {
        /// The line.
        line: u64,
        /// The cell, from 1.
        cell: usize,
    },
    /// A quote is open at the end of the file.
    #[error("line {line}: a quote opens here and never closes; the file may have been cut short")]
    QuoteOpen {
        /// Where it opens.
        line: u64,
    },
    /// A cell goes on after its closing quote.
    #[error("line {line}: text follows a closing quote; a quote inside a quoted cell is written twice")]
    AfterQuote {
        /// Where.
        line: u64,
    },
    /// A record is too long.
    #[error("line {line}: the row that ends or goes on here is longer than {RECORD_LEN_BYTES_MAX} bytes; perhaps a quote is missing")]
    TooLong {
        /// Where the limit is passed.
        line: u64,
    },
    /// A row has more or fewer cells than the header.
    #[error(
        "row {row} (line {line}) has {found} cells, the header has {expected}; perhaps the delimiter is another one, or the file was cut short"
    )]
    Width {
        /// The row.
        row: u64,
        /// The line on which it begins.
        line: u64,
        /// The cells of the header.
        expected: usize,
        /// The cells of the row.
        found: usize,
    },
    /// The mapping names columns that the file does not have.
    #[error("the file has no column {}; its columns are {}", list(.missing), list(.found))]
    ColumnMissing {
        /// What the mapping names.
        missing: Vec<String>,
        /// What there is.
        found: Vec<String>,
    },
    /// A column that the mapping names stands twice.
    #[error("the file has two columns `{0}`; rename one, so that the mapping can name it")]
    ColumnTwice(String),
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A row of the file.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Its number as a spreadsheet shows it: the header is 1.
    pub number: u64,
    /// Its cells, as they stand in the file.
    pub cells: StringRecord,
}

/// The names of the columns.
#[derive(Debug, Clone)]
pub struct Header {
    /// As they stand in the file, without white space around.
    pub names: Vec<String>,
}

impl Header {
    /// The place of a column.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|found| found == name)
    }

    /// Sees that the file has each of these columns, once.
    ///
    /// # Errors
    /// [`RowsError::ColumnMissing`], [`RowsError::ColumnTwice`].
    pub fn require<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> Result<(), RowsError> {
        let mut missing = Vec::new();
        for column in columns {
            match self.names.iter().filter(|name| *name == column).count() {
                0 if missing.iter().any(|name| name == column) => {}
                0 => missing.push(column.to_owned()),
                1 => {}
                _ => return Err(RowsError::ColumnTwice(column.to_owned())),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(RowsError::ColumnMissing { missing, found: self.names.clone() }) }
    }
}

/// A CSV file being read, one row at a time.
pub struct Rows<R> {
    reader: csv::Reader<Strict<R>>,
    header: Header,
}

impl<R: Read> Rows<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`RowsError`].
    pub fn open(input: R, delimiter: u8) -> Result<Rows<R>, RowsError> {
        // The header is read as a row like any other, so that the library's row numbers are ours less one.
        let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(Strict::new(input, delimiter));
        let mut record = StringRecord::new();
        if !reader.read_record(&mut record).map_err(refused)? {
            return Err(RowsError::Empty);
        }
        Ok(Rows { reader, header: Header { names: record.iter().map(|name| name.trim().to_owned()).collect() } })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the next row into `row`; false at the end of the file.
    ///
    /// # Errors
    /// [`RowsError`].
    pub fn next_into(&mut self, row: &mut Row) -> Result<bool, RowsError> {
        let more = self.reader.read_record(&mut row.cells).map_err(refused)?;
        if more {
            row.number = self.reader.position().record();
        }
        Ok(more)
    }

    /// Reads to the end, to see that the file is well formed; the number of rows.
    ///
    /// # Errors
    /// [`RowsError`].
    pub fn count(mut self) -> Result<u64, RowsError> {
        let mut row = Row::default();
        let mut count = 0;
        while self.next_into(&mut row)? {
            count += 1;
        }
        Ok(count)
    }
}

fn refused(error: csv::Error) -> RowsError {
    match error.into_kind() {
        ErrorKind::Io(error) => match error.downcast::<RowsError>() {
            Ok(refused) => refused,
            Err(error) => RowsError::Io(error),
        },
        ErrorKind::Utf8 { pos, err } => RowsError::NotUtf8 { line: pos.map_or(0, |pos| pos.line()), cell: err.field() + 1 },
        ErrorKind::UnequalLengths { pos, expected_len, len } => RowsError::Width {
            row: pos.as_ref().map_or(0, |pos| pos.record() + 1),
            line: pos.map_or(0, |pos| pos.line()),
            expected: expected_len as usize,
            found: len as usize,
        },
        other => RowsError::Io(io::Error::other(format!("{other:?}"))),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    CellStart,
    Plain,
    Quoted,
    AfterQuote,
}

/// Passes bytes on and sees that quotes are well formed, which the library does not.
struct Strict<R> {
    input: R,
    delimiter: u8,
    place: Place,
    line: u64,
    quote_line: u64,
    record_len: usize,
    read: u64,
}

impl<R> Strict<R> {
    fn new(input: R, delimiter: u8) -> Self {
        Strict { input, delimiter, place: Place::CellStart, line: 1, quote_line: 0, record_len: 0, read: 0 }
    }

    fn step(&mut self, byte: u8) -> Result<(), RowsError> {
        const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
        let at = self.read;
        self.read += 1;
        if at < 2 && matches!(byte, 0xff | 0xfe) {
            return Err(RowsError::Utf16);
        }
        if at < 3 && MARK[at as usize] == byte {
            return Ok(());
        }
        let ends_record = byte == b'\n' || byte == b'\r';
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::AfterQuote,
            (Place::Quoted, _) => Place::Quoted,
            (Place::CellStart | Place::AfterQuote, b'"') => {
                if self.place == Place::CellStart {
                    self.quote_line = self.line;
                }
                Place::Quoted
            }
            (_, byte) if byte == self.delimiter || ends_record => Place::CellStart,
            (Place::AfterQuote, _) => return Err(RowsError::AfterQuote { line: self.line }),
            _ => Place::Plain,
        };
        self.line += u64::from(byte == b'\n');
        self.record_len = if ends_record && self.place != Place::Quoted { 0 } else { self.record_len + 1 };
        if self.record_len > RECORD_LEN_BYTES_MAX {
            return Err(RowsError::TooLong { line: self.line });
        }
        Ok(())
    }
}

impl<R: Read> Read for Strict<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.input.read(buffer)?;
        if len == 0 && !buffer.is_empty() && self.place == Place::Quoted {
            return Err(io::Error::new(io::ErrorKind::InvalidData, RowsError::QuoteOpen { line: self.quote_line }));
        }
        for &byte in &buffer[..len] {
            self.step(byte).map_err(|refused| io::Error::new(io::ErrorKind::InvalidData, refused))?;
        }
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, RowsError> {
        let mut rows = Rows::open(bytes, b',')?;
        let (mut row, mut all) = (Row::default(), Vec::new());
        while rows.next_into(&mut row)? {
            all.push((row.number, row.cells.iter().map(str::to_owned).collect()));
        }
        Ok(all)
    }

    #[test]
    fn rows_have_a_spreadsheets_numbers() {
        let all = read(b"a,b\r\n1,\"two\nlines, and a \"\"quote\"\"\"\r\n\r\n3,5\" pipe\r\n").unwrap();
        assert_eq!(all, [(2, vec!["1".to_owned(), "two\nlines, and a \"quote\"".into()]), (3, vec!["3".into(), "5\" pipe".into()])]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        let rows = Rows::open(&b"\xef\xbb\xbf\"a\",b\n"[..], b',').unwrap();
        assert_eq!(rows.header().names, ["a", "b"]);
        assert!(rows.header().require(["b", "a"]).is_ok());
        let error = rows.header().require(["c", "b", "c"]).unwrap_err().to_string();
        assert_eq!(error, "the file has no column `c`; its columns are `a`, `b`");
        let rows = Rows::open(&b"a,b,a\n"[..], b',').unwrap();
        assert!(matches!(rows.header().require(["b", "a"]), Err(RowsError::ColumnTwice(name)) if name == "a"));
    }

    #[test]
    fn broken_files_are_refused_with_their_place() {
        assert!(matches!(read(b""), Err(RowsError::Empty)));
        assert!(matches!(read(b"\xff\xfea\0"), Err(RowsError::Utf16)));
        assert!(matches!(read(b"a,b\n1,2\n1,\xe9\n"), Err(RowsError::NotUtf8 { line: 3, cell: 2 })));
        assert!(matches!(read(b"a,b\n1,2\n1,\"2\n3,4\n"), Err(RowsError::QuoteOpen { line: 3 })));
        assert!(matches!(read(b"a,b\n1,\"2\"3\n"), Err(RowsError::AfterQuote { line: 2 })));
        assert!(matches!(read(b"a,b\n1,2\n1\n"), Err(RowsError::Width { row: 3, line: 3, expected: 2, found: 1 })));
        let long = [b"a,b\n1,\"", vec![b'x'; RECORD_LEN_BYTES_MAX].as_slice()].concat();
        assert!(matches!(read(&long), Err(RowsError::TooLong { line: 2 })));
    }
}
