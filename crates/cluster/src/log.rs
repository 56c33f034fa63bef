//! PostgreSQL's messages in our own log.
//!
//! One thread does nothing but empty the pipe, so that PostgreSQL never waits for whoever reads our log; it hands the
//! lines through a bounded queue to a second thread that writes them. When that one is too slow, lines are dropped and
//! counted.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing::Level;

use crate::processes::wait_until;

/// Bytes of a line that are kept.
const LONGEST_LINE: usize = 4096;
/// Lines waiting to be written to our log.
const QUEUE: usize = 512;
/// Lines remembered for the message of a failed start.
const REMEMBERED: usize = 12;

/// The last lines that a server said, and the thread that reads them.
#[derive(Debug)]
pub(crate) struct LogTail {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl LogTail {
    /// Starts to copy a server's error output into our log.
    pub(crate) fn follow(pipe: impl Read + Send + 'static) -> io::Result<Self> {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, receiver) = sync_channel(QUEUE);
        let kept = Arc::clone(&lines);
        thread::Builder::new()
            .name("postgres-log".to_owned())
            .spawn(move || write_all(&receiver))?;
        let reader = thread::Builder::new()
            .name("postgres-stderr".to_owned())
            .spawn(move || read_all(BufReader::new(pipe), &kept, &sender))?;
        Ok(Self {
            lines,
            reader: Some(reader),
        })
    }

    /// A tail without a server: what we have to say about a server that could not even be spawned.
    pub(crate) fn none() -> Self {
        Self {
            lines: Arc::default(),
            reader: None,
        }
    }

    /// The last lines of a server that has ended, oldest first.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        // A child may hold the pipe open a little longer than the server lives.
        wait_until(Duration::from_millis(300), || {
            self.reader.as_ref().is_none_or(JoinHandle::is_finished)
        });
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

struct Line {
    level: Level,
    text: String,
    dropped_before: usize,
}

fn read_all(mut pipe: impl BufRead, kept: &Mutex<VecDeque<String>>, queue: &SyncSender<Line>) {
    let mut level = Level::DEBUG;
    let mut dropped = 0;
    while let Ok(Some(text)) = next_line(&mut pipe) {
        // Further lines of a message begin with a tab and have no level of their own.
        level = level_of(&text).unwrap_or(level);
        {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == REMEMBERED {
                kept.pop_front();
            }
            kept.push_back(text.clone());
        }
        let line = Line {
            level,
            text,
            dropped_before: mem::take(&mut dropped),
        };
        if let Err(TrySendError::Full(line)) = queue.try_send(line) {
            dropped = line.dropped_before + 1;
        }
    }
}

/// The next line without its end, cut at [`LONGEST_LINE`] bytes.
fn next_line(pipe: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut any = false;
    loop {
        let chunk = match pipe.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok(any.then(|| String::from_utf8_lossy(&line).into_owned()));
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let length = end.unwrap_or(chunk.len());
        let room = LONGEST_LINE - line.len();
        line.extend(chunk.iter().take(length.min(room)));
        pipe.consume(end.map_or(length, |end| end + 1));
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

/// The level of PostgreSQL's message in a line of our `log_line_prefix`.
///
/// A failed statement is the application's matter and a refused login its client's: warnings. `LOG` is the server's
/// daily life.
fn level_of(line: &str) -> Option<Level> {
    let level = |word: &str| match word {
        "PANIC" => Some(Level::ERROR),
        "FATAL" | "ERROR" | "WARNING" => Some(Level::WARN),
        "NOTICE" | "INFO" | "LOG" | "STATEMENT" => Some(Level::DEBUG),
        "DETAIL" | "HINT" | "CONTEXT" | "QUERY" | "LOCATION" => None,
        _ if word.starts_with("DEBUG") => Some(Level::TRACE),
        _ => None,
    };
    let (before, said) = line.split_once(":  ")?;
    // What every orderly stop says of each connection.
    if said == "terminating connection due to administrator command" {
        return Some(Level::DEBUG);
    }
    level(before.rsplit(' ').next().unwrap_or(before))
}

fn write_all(queue: &Receiver<Line>) {
    for Line {
        level,
        text,
        dropped_before,
    } in queue
    {
        if dropped_before > 0 {
            tracing::warn!(target: "postgres", "{dropped_before} lines were dropped here");
        }
        match level {
            Level::ERROR => tracing::error!(target: "postgres", "{text}"),
            Level::WARN => tracing::warn!(target: "postgres", "{text}"),
            Level::TRACE => tracing::trace!(target: "postgres", "{text}"),
            _ => tracing::debug!(target: "postgres", "{text}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        assert_eq!(level_of("[12] LOG:  ready"), Some(Level::DEBUG));
        assert_eq!(level_of("[12] anon@postgres ERROR:  no: such"), Some(Level::WARN));
        assert_eq!(level_of("[12] PANIC:  bad"), Some(Level::ERROR));
        assert_eq!(level_of("[12] anon@postgres DETAIL:  x"), None);
        assert_eq!(level_of("\tcontinued"), None);
        let stopped = "[12] a@b FATAL:  terminating connection due to administrator command";
        assert_eq!(level_of(stopped), Some(Level::DEBUG));
    }

    #[test]
    fn lines_are_cut_and_the_last_ones_kept() {
        let many: Vec<String> = (0..20).map(|n| format!("line {n}\n")).collect();
        let text = "x".repeat(3 * LONGEST_LINE) + "\nshort\n" + &many.concat();
        let mut pipe = text.as_bytes();
        assert_eq!(next_line(&mut pipe).unwrap().unwrap().len(), LONGEST_LINE);
        assert_eq!(next_line(&mut pipe).unwrap().unwrap(), "short");
        let tail = LogTail::follow(io::Cursor::new(text)).unwrap();
        let lines = tail.last_lines();
        assert_eq!(
            (lines.len(), lines.last().unwrap().as_str()),
            (REMEMBERED, "line 19")
        );
    }
}
