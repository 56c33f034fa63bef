//! Every key that the Supabase CLI's `config.toml` may have (config-and-cli.md §3), grouped by what a notice says about keys that
//! nobody read. A key leaves the notices by being read, not by being taken out of this table.
//!
//! `*` stands for any one name, `**` at the end for whatever follows.

/// What to say about a key that nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// It belongs to something that is not built yet.
    NotYet,
    /// It belongs to a part of the original stack that does not exist here.
    Never,
}

/// Keys that get one notice together.
pub(crate) struct Group {
    /// What they are about, for a person.
    pub(crate) what: &'static str,
    pub(crate) effect: Effect,
    pub(crate) keys: &'static [&'static str],
}

/// The group that knows `path`.
pub(crate) fn find(path: &[String]) -> Option<&'static Group> {
    GROUPS
        .iter()
        .find(|group| group.keys.iter().any(|key| matches(key, path)))
}

fn matches(pattern: &str, path: &[String]) -> bool {
    let mut names = path.iter();
    for part in pattern.split('.') {
        if part == "**" {
            return names.next().is_some();
        }
        match names.next() {
            Some(name) if part == "*" || part == name => {}
            _ => return false,
        }
    }
    names.next().is_none()
}

/// The table.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        what: "project",
        effect: Effect::NotYet,
        keys: &[
            "project_id",
            "api.enabled",
            "api.port",
            "api.external_url",
            "db.port",
            "local_smtp.enabled",
            "local_smtp.port",
        ],
    },
    Group {
        what: "Data API",
        effect: Effect::NotYet,
        keys: &[
            "api.schemas",
            "api.extra_search_path",
            "api.max_rows",
            "api.auto_expose_new_tables",
        ],
    },
    Group {
        what: "TLS of the API",
        effect: Effect::NotYet,
        keys: &["api.tls.enabled", "api.tls.cert_path", "api.tls.key_path"],
    },
    Group {
        what: "database workflow",
        effect: Effect::NotYet,
        keys: &[
            "db.major_version",
            "db.health_timeout",
            "db.shadow_port",
            "db.root_key",
            "db.migrations.enabled",
            "db.migrations.schema_paths",
            "db.seed.enabled",
            "db.seed.sql_paths",
            "db.vault.*",
            "db.settings.*",
        ],
    },
    Group {
        what: "parts of the hosted platform",
        effect: Effect::Never,
        keys: &[
            "db.orioledb_version",
            "db.pooler.enabled",
            "db.pooler.port",
            "db.pooler.pool_mode",
            "db.pooler.default_pool_size",
            "db.pooler.max_client_conn",
            "db.network_restrictions.enabled",
            "db.network_restrictions.allowed_cidrs",
            "db.network_restrictions.allowed_cidrs_v6",
            "db.ssl_enforcement.enabled",
            "storage.analytics.**",
            "storage.vector.**",
            "analytics.**",
            "experimental.**",
        ],
    },
    Group {
        what: "ports of the inbox that are not offered",
        effect: Effect::NotYet,
        keys: &[
            "local_smtp.smtp_port",
            "local_smtp.pop3_port",
            "local_smtp.admin_email",
            "local_smtp.sender_name",
        ],
    },
    Group {
        what: "Realtime",
        effect: Effect::NotYet,
        keys: &[
            "realtime.enabled",
            "realtime.ip_version",
            "realtime.max_header_length",
        ],
    },
    Group {
        what: "Studio",
        effect: Effect::NotYet,
        keys: &[
            "studio.enabled",
            "studio.port",
            "studio.api_url",
            "studio.openai_api_key",
        ],
    },
    Group {
        what: "Storage",
        effect: Effect::NotYet,
        keys: &[
            "storage.enabled",
            "storage.file_size_limit",
            "storage.buckets.*.public",
            "storage.buckets.*.file_size_limit",
            "storage.buckets.*.allowed_mime_types",
            "storage.buckets.*.objects_path",
            "storage.s3_protocol.enabled",
            "storage.image_transformation.enabled",
        ],
    },
    Group {
        what: "Edge Functions",
        effect: Effect::NotYet,
        keys: &[
            "edge_runtime.enabled",
            "edge_runtime.policy",
            "edge_runtime.inspector_port",
            "edge_runtime.deno_version",
            "edge_runtime.secrets.*",
            "functions.*.enabled",
            "functions.*.verify_jwt",
            "functions.*.import_map",
            "functions.*.entrypoint",
            "functions.*.static_files",
            "functions.*.env.*",
        ],
    },
    Group {
        what: "Auth",
        effect: Effect::NotYet,
        keys: AUTH,
    },
];

/// The keys below `auth`.
const AUTH: &[&str] = &[
    "auth.enabled",
    "auth.site_url",
    "auth.external_url",
    "auth.additional_redirect_urls",
    "auth.jwt_expiry",
    "auth.jwt_issuer",
    "auth.jwt_secret",
    "auth.anon_key",
    "auth.service_role_key",
    "auth.publishable_key",
    "auth.secret_key",
    "auth.signing_keys_path",
    "auth.enable_refresh_token_rotation",
    "auth.refresh_token_reuse_interval",
    "auth.enable_signup",
    "auth.enable_anonymous_sign_ins",
    "auth.enable_manual_linking",
    "auth.minimum_password_length",
    "auth.password_requirements",
    "auth.rate_limit.email_sent",
    "auth.rate_limit.sms_sent",
    "auth.rate_limit.anonymous_users",
    "auth.rate_limit.token_refresh",
    "auth.rate_limit.sign_in_sign_ups",
    "auth.rate_limit.token_verifications",
    "auth.rate_limit.web3",
    "auth.captcha.enabled",
    "auth.captcha.provider",
    "auth.captcha.secret",
    "auth.passkey.enabled",
    "auth.webauthn.rp_id",
    "auth.webauthn.rp_display_name",
    "auth.webauthn.rp_origins",
    "auth.hook.*.enabled",
    "auth.hook.*.uri",
    "auth.hook.*.secrets",
    "auth.mfa.max_enrolled_factors",
    "auth.mfa.totp.enroll_enabled",
    "auth.mfa.totp.verify_enabled",
    "auth.mfa.phone.enroll_enabled",
    "auth.mfa.phone.verify_enabled",
    "auth.mfa.phone.otp_length",
    "auth.mfa.phone.template",
    "auth.mfa.phone.max_frequency",
    "auth.mfa.web_authn.enroll_enabled",
    "auth.mfa.web_authn.verify_enabled",
    "auth.sessions.timebox",
    "auth.sessions.inactivity_timeout",
    "auth.email.enabled",
    "auth.email.enable_signup",
    "auth.email.double_confirm_changes",
    "auth.email.enable_confirmations",
    "auth.email.secure_password_change",
    "auth.email.require_current_password",
    "auth.email.max_frequency",
    "auth.email.otp_length",
    "auth.email.otp_expiry",
    "auth.email.smtp.enabled",
    "auth.email.smtp.host",
    "auth.email.smtp.port",
    "auth.email.smtp.user",
    "auth.email.smtp.pass",
    "auth.email.smtp.admin_email",
    "auth.email.smtp.sender_name",
    "auth.email.template.*.subject",
    "auth.email.template.*.content",
    "auth.email.template.*.content_path",
    "auth.email.notification.*.enabled",
    "auth.email.notification.*.subject",
    "auth.email.notification.*.content",
    "auth.email.notification.*.content_path",
    "auth.sms.enabled",
    "auth.sms.enable_signup",
    "auth.sms.enable_confirmations",
    "auth.sms.template",
    "auth.sms.max_frequency",
    "auth.sms.test_otp.*",
    "auth.sms.twilio.enabled",
    "auth.sms.twilio.account_sid",
    "auth.sms.twilio.message_service_sid",
    "auth.sms.twilio.auth_token",
    "auth.sms.twilio_verify.enabled",
    "auth.sms.twilio_verify.account_sid",
    "auth.sms.twilio_verify.message_service_sid",
    "auth.sms.twilio_verify.auth_token",
    "auth.sms.messagebird.enabled",
    "auth.sms.messagebird.originator",
    "auth.sms.messagebird.access_key",
    "auth.sms.textlocal.enabled",
    "auth.sms.textlocal.sender",
    "auth.sms.textlocal.api_key",
    "auth.sms.vonage.enabled",
    "auth.sms.vonage.from",
    "auth.sms.vonage.api_key",
    "auth.sms.vonage.api_secret",
    "auth.external.*.enabled",
    "auth.external.*.client_id",
    "auth.external.*.secret",
    "auth.external.*.redirect_uri",
    "auth.external.*.url",
    "auth.external.*.skip_nonce_check",
    "auth.external.*.email_optional",
    "auth.web3.solana.enabled",
    "auth.web3.ethereum.enabled",
    "auth.third_party.firebase.enabled",
    "auth.third_party.firebase.project_id",
    "auth.third_party.auth0.enabled",
    "auth.third_party.auth0.tenant",
    "auth.third_party.auth0.tenant_region",
    "auth.third_party.aws_cognito.enabled",
    "auth.third_party.aws_cognito.user_pool_id",
    "auth.third_party.aws_cognito.user_pool_region",
    "auth.third_party.clerk.enabled",
    "auth.third_party.clerk.domain",
    "auth.third_party.workos.enabled",
    "auth.third_party.workos.issuer_url",
    "auth.oauth_server.enabled",
    "auth.oauth_server.authorization_url_path",
    "auth.oauth_server.allow_dynamic_registration",
];
