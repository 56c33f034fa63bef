//! The built-in mails. Those with a link show the code too, so that signing in by code needs no template of one's own.

/// A built-in mail.
pub(super) struct BuiltIn {
    pub(super) name: &'static str,
    pub(super) subject: &'static str,
    title: &'static str,
    pub(super) body: &'static str,
}

impl BuiltIn {
    /// The whole HTML.
    pub(super) fn page(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<body style=\"font-family: system-ui, sans-serif; line-height: 1.5; \
             max-width: 34rem; margin: 2rem auto; padding: 0 1rem\">\n<h2>{}</h2>\n{}\n</body>\n</html>\n",
            self.title, self.body
        )
    }
}

macro_rules! with_link {
    ($intro:literal, $action:literal) => {
        concat!(
            "<p>",
            $intro,
            "</p>\n<p><a href=\"{{ .ConfirmationURL }}\">",
            $action,
            "</a></p>\n<p>Or enter this code: <strong>{{ .Token }}</strong></p>\n\
             <p>If you did not ask for this, you can ignore this mail.</p>"
        )
    };
}

pub(super) const ALL: &[BuiltIn] = &[
    BuiltIn {
        name: "confirmation",
        subject: "Confirm your email address",
        title: "Confirm your email address",
        body: with_link!(
            "Thank you for signing up. One step is left: confirm that this address is yours.",
            "Confirm this address"
        ),
    },
    BuiltIn {
        name: "invite",
        subject: "You've been invited",
        title: "You are invited",
        body: with_link!(
            "Somebody would like you to join {{ .SiteURL }}.",
            "Accept the invitation"
        ),
    },
    BuiltIn {
        name: "recovery",
        subject: "Reset your password",
        title: "Reset your password",
        body: with_link!(
            "A new password was asked for on {{ .SiteURL }}.",
            "Choose a new password"
        ),
    },
    BuiltIn {
        name: "magic_link",
        subject: "Your sign-in link",
        title: "Sign in",
        body: with_link!(
            "This link signs you in to {{ .SiteURL }}. It works once.",
            "Sign in"
        ),
    },
    BuiltIn {
        name: "email_change",
        subject: "Confirm your new email address",
        title: "Confirm your new email address",
        body: with_link!(
            "Your address is about to change from {{ .Email }} to {{ .NewEmail }}.",
            "Confirm the change"
        ),
    },
    BuiltIn {
        name: "reauthentication",
        subject: "{{ .Token }} is your verification code",
        title: "Confirm that it is you",
        body: "<p>Enter this code to go on: <strong>{{ .Token }}</strong></p>",
    },
    BuiltIn {
        name: "password_changed",
        subject: "Your password has been changed",
        title: "Your password has been changed",
        body: "<p>The password of {{ .Email }} was changed just now. If that was not you, reset it at once.</p>",
    },
    BuiltIn {
        name: "email_changed",
        subject: "Your email address has been changed",
        title: "Your email address has been changed",
        body: "<p>The address of your account was changed from {{ .OldEmail }} to {{ .Email }}.</p>",
    },
    BuiltIn {
        name: "phone_changed",
        subject: "Your phone number has been changed",
        title: "Your phone number has been changed",
        body: "<p>The phone number of {{ .Email }} was changed from {{ .OldPhone }} to {{ .Phone }}.</p>",
    },
    BuiltIn {
        name: "identity_linked",
        subject: "A new identity has been linked",
        title: "A new identity has been linked",
        body: "<p>You can now sign in to {{ .Email }} with {{ .Provider }} too.</p>",
    },
    BuiltIn {
        name: "identity_unlinked",
        subject: "An identity has been unlinked",
        title: "An identity has been unlinked",
        body: "<p>{{ .Provider }} no longer signs in to {{ .Email }}.</p>",
    },
    BuiltIn {
        name: "mfa_factor_enrolled",
        subject: "A new second factor has been added",
        title: "A new second factor has been added",
        body: "<p>A factor of the kind {{ .FactorType }} now protects {{ .Email }}.</p>",
    },
    BuiltIn {
        name: "mfa_factor_unenrolled",
        subject: "A second factor has been removed",
        title: "A second factor has been removed",
        body: "<p>A factor of the kind {{ .FactorType }} no longer protects {{ .Email }}.</p>",
    },
];
