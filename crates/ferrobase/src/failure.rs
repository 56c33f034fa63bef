//! Why a command failed, for a person.

use std::error::Error;

use ferrobase_workflow::WorkflowError;

/// One sentence, and what to do about it where we know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure with nothing behind it.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// `what`, followed by the error and what caused it.
    pub(crate) fn caused(what: &str, error: &dyn Error) -> Self {
        Self::new(format!("{what}: {}", chain(error)))
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ferrobase_config::ConfigError> for Failure {
    fn from(error: ferrobase_config::ConfigError) -> Self {
        Self::new(chain(&error))
    }
}

impl From<ferrobase_server::StartError> for Failure {
    fn from(error: ferrobase_server::StartError) -> Self {
        match error {
            ferrobase_server::StartError::Workflow(error) => error.into(),
            error => Self::new(chain(&error)),
        }
    }
}

impl From<WorkflowError> for Failure {
    fn from(error: WorkflowError) -> Self {
        match &error {
            // Several lines, the statement among them.
            WorkflowError::Statement(_) => Self::new(error.to_string()),
            WorkflowError::OutOfOrder(_) => Self::new(error.to_string())
                .hint("--include-all applies them too; or give them newer timestamps"),
            WorkflowError::NotInFolder(versions) => Self::new(error.to_string()).hint(format!(
                "`ferrobase migration repair --status reverted {}` forgets them",
                versions.join(" ")
            )),
            _ => Self::new(chain(&error)),
        }
    }
}

/// An error and its causes in one line; a cause that its parent already quotes is not repeated.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text.trim().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::io::Error, &'static str);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.1)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn causes_are_told_once_and_in_one_line() {
        let full = Outer(std::io::Error::other("disk\nfull"), "cannot write");
        assert_eq!(
            Failure::caused("init", &full).message,
            "init: cannot write: disk full"
        );
        let quoting = Outer(std::io::Error::other("no space"), "cannot write: no space");
        assert_eq!(
            Failure::caused("init", &quoting).message,
            "init: cannot write: no space"
        );
    }
}
