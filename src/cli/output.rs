//! Results on stdout: tables for people, JSON for programs.

use std::borrow::Cow;
use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Serialize;

/// Stdout, written when it is full or flushed.
pub(super) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

/// Prints one value as JSON.
pub(super) fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = stdout();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

/// A table whose columns are as wide as their widest cell so far.
pub(super) struct Table<W, const N: usize> {
    out: W,
    header: Option<[&'static str; N]>,
    widths: [usize; N],
}

impl<W: Write, const N: usize> Table<W, N> {
    /// A table with these headings.
    pub(super) fn new(out: W, header: [&'static str; N]) -> Self {
        Self { out, widths: header.map(str::len), header: Some(header) }
    }

    /// Prints rows, aligned among each other.
    pub(super) fn print(&mut self, rows: &[[String; N]]) -> io::Result<()> {
        let rows: Vec<[Cow<'_, str>; N]> =
            rows.iter().map(|row| row.each_ref().map(|cell| printable(cell))).collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        if let Some(header) = self.header.take() {
            self.line(&header.map(Cow::Borrowed))?;
        }
        rows.iter().try_for_each(|row| self.line(row))
    }

    /// Prints the headings, if nothing else was, and ends the table.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.print(&[])?;
        self.out.flush()
    }

    fn line(&mut self, cells: &[Cow<'_, str>; N]) -> io::Result<()> {
        let padded = cells.iter().zip(&self.widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(self.out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())
    }
}

/// Names come from strangers and must not command the terminal.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { text.escape_debug().to_string().into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_cannot_command_the_terminal() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, ["NAME", "N"]);

        table.print(&[["é".to_owned(), "1".to_owned()], ["a\u{1b}[2J\n".to_owned(), String::new()]]).unwrap();
        table.end().unwrap();

        assert_eq!(String::from_utf8(out).unwrap(), "NAME          N\né             1\na\\u{1b}[2J\\n\n");
    }

    #[test]
    fn an_empty_table_has_headings() {
        let mut out = Vec::new();

        Table::new(&mut out, ["NAME", "N"]).end().unwrap();

        assert_eq!(out, b"NAME  N\n");
    }
}
