//! A file read line by line, by a thread of its own: stdin may keep its reader waiting.

use std::io::{self, BufRead, Read as _};
use std::thread;

use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Longest line, bytes.
pub(super) const LONGEST: usize = 64 * 1024;

/// Lines that are read ahead.
const AHEAD: usize = 64;

/// A line, and what number it has.
pub(super) type Numbered = (u64, Line);

/// A line of the file.
pub(super) enum Line {
    /// It may hold a password.
    Whole(Zeroizing<Vec<u8>>),
    /// Longer than [`LONGEST`].
    TooLong,
    /// No line follows.
    Broken(io::Error),
}

/// Starts to read; lines with nothing but white space are left out.
///
/// # Errors
/// When there is no thread to be had.
pub(super) fn read(mut input: impl BufRead + Send + 'static) -> io::Result<mpsc::Receiver<Numbered>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let run = move || {
        for number in 1.. {
            let line = match next(&mut input) {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => Line::Broken(error),
            };
            let is_last = matches!(line, Line::Broken(_));
            let is_blank = matches!(&line, Line::Whole(bytes) if bytes.trim_ascii().is_empty());
            if (!is_blank && sender.blocking_send((number, line)).is_err()) || is_last {
                break;
            }
        }
    };
    thread::Builder::new().name("lines".to_owned()).spawn(run)?;
    Ok(receiver)
}

fn next(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(512));
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    if input.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.ends_with(b"\n") || bytes.len() <= LONGEST {
        return Ok(Some(Line::Whole(bytes)));
    }
    skip_line(input)?;
    Ok(Some(Line::TooLong))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let is_over = end.is_some() || buffer.is_empty();
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if is_over {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: Vec<u8>) -> Vec<(u64, Option<String>)> {
        let mut lines = read(io::Cursor::new(input)).unwrap();
        let mut all = Vec::new();
        while let Some((number, line)) = lines.blocking_recv() {
            let text = match line {
                Line::Whole(bytes) => Some(String::from_utf8_lossy(bytes.trim_ascii()).into_owned()),
                Line::TooLong | Line::Broken(_) => None,
            };
            all.push((number, text));
        }
        all
    }

    #[test]
    fn lines_keep_their_numbers_and_a_long_one_costs_no_other() {
        let mut input = b"one\n\n  \r\nfour\n".to_vec();
        input.extend(vec![b'x'; LONGEST * 3]);
        input.extend(b"\nsix");

        let expected = [(1, Some("one")), (4, Some("four")), (5, None), (6, Some("six"))];
        assert_eq!(all(input), expected.map(|(number, text)| (number, text.map(str::to_owned))));
    }

    #[test]
    fn a_line_of_the_longest_length_is_whole() {
        let whole = [vec![b'x'; LONGEST], b"\n".to_vec()].concat();

        assert_eq!(all(whole).first().unwrap().1.as_ref().map(String::len), Some(LONGEST));
        assert_eq!(all(vec![b'x'; LONGEST + 1]), [(1, None)]);
    }
}
