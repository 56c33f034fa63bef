//! Running other programs: their output goes to the terminal line by line and can be read on the way.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result};

enum Line {
    Out(String),
    Err(String),
}

/// Runs `command`, passes its output on, and shows every line (of both streams) to `read`. True when it succeeded.
pub(crate) fn stream(command: &mut Command, mut read: impl FnMut(&str)) -> Result<bool> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {name}"))?;
    let (sender, lines) = mpsc::channel();
    let errors = sender.clone();
    let out = child
        .stdout
        .take()
        .map(|pipe| thread::spawn(move || forward(pipe, &sender, Line::Out)));
    let err = child
        .stderr
        .take()
        .map(|pipe| thread::spawn(move || forward(pipe, &errors, Line::Err)));
    for line in lines {
        match line {
            Line::Out(text) => {
                println!("{text}");
                read(&text);
            }
            Line::Err(text) => {
                eprintln!("{text}");
                read(&text);
            }
        }
    }
    std::io::stdout().flush().ok();
    for reader in [out, err].into_iter().flatten() {
        reader.join().ok();
    }
    Ok(child
        .wait()
        .with_context(|| format!("waiting for {name}"))?
        .success())
}

fn forward(pipe: impl Read, sender: &mpsc::Sender<Line>, wrap: fn(String) -> Line) {
    let mut pipe = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while pipe.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let line = String::from_utf8_lossy(&bytes)
            .trim_end_matches(['\n', '\r'])
            .to_owned();
        if sender.send(wrap(line)).is_err() {
            return;
        }
        bytes.clear();
    }
}

/// Whether a program answers to `--version`.
pub(crate) fn is_there(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The number before `word`, as in `12 passed`; punctuation and colours around it are ignored.
pub(crate) fn count_before(line: &str, word: &str) -> Option<u64> {
    let plain = without_colours(line);
    let words: Vec<&str> = plain.split_whitespace().map(trim_punctuation).collect();
    words
        .windows(2)
        .find(|pair| pair[1] == word)
        .and_then(|pair| pair[0].parse().ok())
}

/// The number after `word`, as in `# pass 12`.
pub(crate) fn count_after(line: &str, word: &str) -> Option<u64> {
    let plain = without_colours(line);
    let words: Vec<&str> = plain.split_whitespace().map(trim_punctuation).collect();
    words
        .windows(2)
        .find(|pair| pair[0] == word)
        .and_then(|pair| pair[1].parse().ok())
}

fn trim_punctuation(word: &str) -> &str {
    word.trim_matches(|letter: char| !letter.is_alphanumeric())
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        let end = after
            .find(|letter: char| letter.is_ascii_alphabetic())
            .map_or(after.len(), |at| at + 1);
        rest = &after[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_runners_closing_lines() {
        let nextest = "     Summary [   1.206s] 142 tests run: 140 passed (1 slow), 2 failed, 3 skipped";
        assert_eq!(count_before(nextest, "passed"), Some(140));
        assert_eq!(count_before(nextest, "failed"), Some(2));
        assert_eq!(count_before(nextest, "skipped"), Some(3));
        let libtest = "test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(count_before(libtest, "passed"), Some(7));
        assert_eq!(count_before(libtest, "ignored"), Some(1));
        assert_eq!(count_after("\u{1b}[34mℹ pass 31\u{1b}[39m", "pass"), Some(31));
        assert_eq!(count_after("# fail 2", "fail"), Some(2));
        assert_eq!(count_before("nothing here", "passed"), None);
    }
}
