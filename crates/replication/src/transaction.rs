//! How far the reader was served, so that nothing is told twice when the server begins again.

use crate::lsn::Lsn;

/// A place in the stream of transactions. After a connection was lost the server repeats every transaction whose end we did
/// not confirm, whole and in the same order.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Behind the last transaction that was told whole.
    confirmed: Lsn,
    /// The transaction that was told in part.
    open: Option<Open>,
    /// What to do with the transaction that the server sends now.
    mode: Mode,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    commit: Lsn,
    told: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// None is open.
    #[default]
    Between,
    /// It was told before.
    Skip,
    /// So many of its events were told before.
    Tell { repeated: u64 },
}

impl Progress {
    /// A slot that begins at `start`.
    pub(crate) fn at(start: Lsn) -> Self {
        Self {
            confirmed: start,
            ..Self::default()
        }
    }

    /// Everything before it may be forgotten by the server.
    pub(crate) fn confirmed(&self) -> Lsn {
        self.confirmed
    }

    /// The server begins anew with what is not confirmed.
    pub(crate) fn reconnected(&mut self) {
        self.mode = Mode::Between;
    }

    /// A transaction begins whose commit record is at `commit`.
    pub(crate) fn begin(&mut self, commit: Lsn) {
        self.mode = if commit < self.confirmed {
            Mode::Skip
        } else {
            let told = self
                .open
                .filter(|open| open.commit == commit)
                .map(|open| open.told);
            self.open = Some(Open {
                commit,
                told: told.unwrap_or(0),
            });
            Mode::Tell {
                repeated: told.unwrap_or(0),
            }
        };
    }

    /// Whether the next event of the open transaction is one that the reader does not have. What it has is counted off.
    pub(crate) fn is_new(&mut self) -> bool {
        match &mut self.mode {
            Mode::Between | Mode::Skip => false,
            Mode::Tell { repeated: 0 } => true,
            Mode::Tell { repeated } => {
                *repeated -= 1;
                false
            }
        }
    }

    /// An event of the open transaction was told.
    pub(crate) fn told(&mut self) {
        if let Some(open) = &mut self.open {
            open.told += 1;
        }
    }

    /// The open transaction has ended.
    pub(crate) fn end(&mut self, end: Lsn) {
        self.confirmed = self.confirmed.max(end);
        self.open = None;
        self.mode = Mode::Between;
    }

    /// The server has sent everything before `position`.
    pub(crate) fn sent_until(&mut self, position: Lsn) {
        if self.mode == Mode::Between && self.open.is_none() {
            self.confirmed = self.confirmed.max(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of one transaction that are told, when its connection breaks after `until` of them.
    fn serve(progress: &mut Progress, commit: u64, events: u64, until: Option<u64>) -> Vec<u64> {
        let mut told = Vec::new();
        progress.begin(Lsn(commit));
        for event in 0..events {
            if until == Some(event) {
                progress.reconnected();
                return told;
            }
            if progress.is_new() {
                told.push(event);
                progress.told();
            }
        }
        progress.end(Lsn(commit + 8));
        told
    }

    #[test]
    fn a_transaction_that_broke_off_goes_on_where_it_did() {
        let mut progress = Progress::at(Lsn(100));
        assert_eq!(serve(&mut progress, 200, 5, Some(3)), [0, 1, 2]);
        assert_eq!(serve(&mut progress, 200, 5, Some(1)), Vec::<u64>::new());
        assert_eq!(serve(&mut progress, 200, 5, None), [3, 4]);
        assert_eq!(progress.confirmed(), Lsn(208));
    }

    #[test]
    fn what_was_told_whole_is_not_told_again() {
        let mut progress = Progress::at(Lsn(100));
        assert_eq!(serve(&mut progress, 200, 2, None), [0, 1]);
        progress.reconnected();
        assert_eq!(serve(&mut progress, 200, 2, None), Vec::<u64>::new());
        assert_eq!(serve(&mut progress, 300, 2, None), [0, 1]);
    }

    #[test]
    fn positions_count_only_between_transactions() {
        let mut progress = Progress::at(Lsn(100));
        progress.sent_until(Lsn(150));
        assert_eq!(progress.confirmed(), Lsn(150));
        progress.begin(Lsn(200));
        progress.sent_until(Lsn(400));
        assert_eq!(progress.confirmed(), Lsn(150));
        progress.reconnected();
        progress.sent_until(Lsn(400));
        assert_eq!(progress.confirmed(), Lsn(150));
    }
}
