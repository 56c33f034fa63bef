//! `[auth.email]`.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use ferrobase_config::{Config, ConfigError, Section};
use ferrobase_messages::SmtpOptions;
use secrecy::SecretString;
use url::Url;

use super::{Result, filled, mail_links, otp_length, wrong};
use crate::config::{EmailConfig, MailTemplate};
use crate::model::address::is_email;

/// Largest template file, as in the original.
const LARGEST_TEMPLATE: u64 = 1 << 20;

const TEMPLATES: [&str; 6] = [
    "invite",
    "confirmation",
    "recovery",
    "magic_link",
    "email_change",
    "reauthentication",
];

const NOTIFICATIONS: [&str; 7] = [
    "password_changed",
    "email_changed",
    "phone_changed",
    "identity_linked",
    "identity_unlinked",
    "mfa_factor_enrolled",
    "mfa_factor_unenrolled",
];

pub(super) fn load(config: &Config, auth: &Section<'_>) -> Result<EmailConfig> {
    let email = auth.section("email");
    let smtp = smtp(config, &email.section("smtp"))?;
    let inbox = config.section("local_smtp");
    let (from_email, from_name) = match &smtp {
        Some(smtp) => (
            smtp.admin_email.clone(),
            smtp.sender_name.clone().unwrap_or_default(),
        ),
        None => (
            filled(
                &inbox,
                "admin_email",
                "GOTRUE_SMTP_ADMIN_EMAIL",
                "admin@email.com",
            )?,
            filled(&inbox, "sender_name", "GOTRUE_SMTP_SENDER_NAME", "Admin")?,
        ),
    };
    let autoconfirm = !email
        .get("enable_confirmations")
        .or_env_negated("GOTRUE_MAILER_AUTOCONFIRM")
        .bool_or(false)?;
    let allow_unverified_sign_ins = email
        .get("allow_unverified_sign_ins")
        .or_env("GOTRUE_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS")
        .bool_or(false)?;
    if autoconfirm && allow_unverified_sign_ins {
        return Err(ConfigError::conflict(
            "auth.email.allow_unverified_sign_ins needs auth.email.enable_confirmations = true: without confirmations \
             every address counts as verified",
        ));
    }
    let notifications = notifications(&email)?;
    Ok(EmailConfig {
        enabled: email
            .get("enabled")
            .old_name("enable_signup")
            .or_env("GOTRUE_EXTERNAL_EMAIL_ENABLED")
            .bool_or(true)?,
        magic_link_enabled: email
            .get("magic_link_enabled")
            .or_env("GOTRUE_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED")
            .bool_or(true)?,
        autoconfirm,
        allow_unverified_sign_ins,
        double_confirm_changes: email
            .get("double_confirm_changes")
            .or_env("GOTRUE_MAILER_SECURE_EMAIL_CHANGE_ENABLED")
            .bool_or(true)?,
        max_frequency: email
            .get("max_frequency")
            .or_env("GOTRUE_SMTP_MAX_FREQUENCY")
            .duration_or(Duration::from_secs(1))?,
        otp_length: otp_length(&email, "otp_length", "GOTRUE_MAILER_OTP_LENGTH")?,
        otp_expiry: email
            .get("otp_expiry")
            .or_env("GOTRUE_MAILER_OTP_EXP")
            .duration_or(Duration::from_secs(3600))?,
        smtp,
        from_email,
        from_name,
        templates: templates(config, auth, &email)?,
        notifications,
        authorized_addresses: email
            .get("authorized_addresses")
            .or_env("GOTRUE_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES")
            .string_list()?
            .unwrap_or_default(),
        links: mail_links::load(&email)?,
    })
}

/// The mail server. A section without `enabled` is on, as in the CLI.
fn smtp(config: &Config, section: &Section<'_>) -> Result<Option<SmtpOptions>> {
    let by_variable = config
        .env("GOTRUE_SMTP_HOST")
        .is_some_and(|host| !host.is_empty());
    let enabled = section.get("enabled").bool_or(section.exists() || by_variable)?;
    let port = section.get("port").or_env("GOTRUE_SMTP_PORT").u16();
    let text = |key: &str, variable: &str| -> Result<Option<String>> {
        Ok(section
            .get(key)
            .or_env(variable)
            .string()?
            .filter(|text| !text.is_empty()))
    };
    let host = text("host", "GOTRUE_SMTP_HOST");
    let admin_email = text("admin_email", "GOTRUE_SMTP_ADMIN_EMAIL");
    let sender_name = text("sender_name", "GOTRUE_SMTP_SENDER_NAME");
    let user = text("user", "GOTRUE_SMTP_USER");
    let pass = text("pass", "GOTRUE_SMTP_PASS");
    // A section that is off may name variables that are not set; what cannot be read there does not matter.
    if !enabled {
        return Ok(None);
    }
    let (user, pass) = (user?, pass?.map(SecretString::from));
    let missing = |key: &str| {
        ConfigError::conflict(format!(
            "auth.email.smtp is enabled: auth.email.smtp.{key} must be set"
        ))
    };
    let admin_email = admin_email?.ok_or_else(|| missing("admin_email"))?;
    if !is_email(&admin_email) {
        return Err(wrong(
            section,
            "admin_email",
            "GOTRUE_SMTP_ADMIN_EMAIL",
            "an e-mail address",
        ));
    }
    if user.is_some() != pass.is_some() {
        return Err(missing(if user.is_some() { "pass" } else { "user" }));
    }
    Ok(Some(SmtpOptions {
        host: host?.ok_or_else(|| missing("host"))?,
        port: port?.filter(|port| *port != 0).ok_or_else(|| missing("port"))?,
        user,
        pass,
        admin_email,
        sender_name: sender_name?,
    }))
}

fn notifications(email: &Section<'_>) -> Result<Vec<String>> {
    let mut enabled = Vec::new();
    for name in NOTIFICATIONS {
        let variable = format!(
            "GOTRUE_MAILER_NOTIFICATIONS_{}_ENABLED",
            name.to_ascii_uppercase()
        );
        let section = email.section("notification").section(name);
        if section.get("enabled").or_env(&variable).bool_or(false)? {
            enabled.push(name.to_owned());
        }
    }
    Ok(enabled)
}

fn templates(
    config: &Config,
    auth: &Section<'_>,
    email: &Section<'_>,
) -> Result<BTreeMap<String, MailTemplate>> {
    let mails = TEMPLATES.map(|name| ("template", name, ""));
    let notices = NOTIFICATIONS.map(|name| ("notification", name, "_NOTIFICATION"));
    let mut templates = BTreeMap::new();
    for (table, name, suffix) in mails.into_iter().chain(notices) {
        let section = email.section(table).section(name);
        let upper = format!("{}{suffix}", name.to_ascii_uppercase());
        let variable = format!("GOTRUE_MAILER_SUBJECTS_{upper}");
        let subject = section
            .get("subject")
            .or_env(&variable)
            .string()?
            .filter(|text| !text.is_empty());
        let content = content(config, &section, &format!("auth.email.{table}.{name}"))?;
        let url = template_url(auth, &section, &format!("GOTRUE_MAILER_TEMPLATES_{upper}"))?;
        if url.is_some() && content.is_some() {
            return Err(ConfigError::conflict(format!(
                "auth.email.{table}.{name} must have one of content, content_path and url"
            )));
        }
        let template = MailTemplate {
            subject,
            content,
            url,
        };
        if template != MailTemplate::default() {
            templates.insert(name.to_owned(), template);
        }
    }
    Ok(templates)
}

/// Where the body is fetched from. The original's variable may leave out the site.
fn template_url(auth: &Section<'_>, section: &Section<'_>, variable: &str) -> Result<Option<Url>> {
    let text = section.get("url").or_env(variable).string()?;
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let site = super::site_url(auth)?;
    match site.join(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
        _ => Err(wrong(
            section,
            "url",
            variable,
            "an http(s):// URL, or a path below auth.site_url",
        )),
    }
}

/// The body: written out, or the content of a file.
fn content(config: &Config, section: &Section<'_>, key: &str) -> Result<Option<String>> {
    let content = section.get("content").string()?.filter(|text| !text.is_empty());
    let path = section
        .get("content_path")
        .string()?
        .filter(|path| !path.is_empty());
    let Some(path) = path else { return Ok(content) };
    if content.is_some() {
        return Err(ConfigError::conflict(format!(
            "{key} must have content or content_path, not both"
        )));
    }
    let file = config.resolve_path(path);
    let wrong = |why: String| {
        ConfigError::conflict(format!(
            "{key}.content_path: cannot read {}: {why}",
            file.display()
        ))
    };
    let opened = std::fs::File::open(&file).map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    // One byte more than allowed tells a file of just the right size from a longer one.
    opened
        .take(LARGEST_TEMPLATE + 1)
        .read_to_string(&mut text)
        .map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > LARGEST_TEMPLATE {
        return Err(wrong("it is larger than 1 MiB".to_owned()));
    }
    Ok(Some(text))
}
