#![allow(clippy::unwrap_used)]

use ferrobase_config::LoadOptions;
use ferrobase_messages::SmsTransport;
use secrecy::ExposeSecret;

use super::*;
use crate::config::HookTarget;

fn external() -> Url {
    Url::parse("http://127.0.0.1:54321/auth/v1").unwrap()
}

fn load(toml: &str) -> AuthConfig {
    AuthConfig::load(&Config::from_toml_str(toml).unwrap(), external()).unwrap()
}

fn load_with(toml: &str, env: &[(&str, &str)]) -> Result<AuthConfig> {
    AuthConfig::load(&Config::from_toml_str_with_env(toml, env).unwrap(), external())
}

fn refusal(toml: &str) -> String {
    load_with(toml, &[]).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_those_of_the_cli() {
    let config = load("");
    assert_eq!(config.site_url.as_str(), "http://127.0.0.1:3000/");
    assert_eq!(
        config.jwt_issuer.as_deref(),
        Some("http://127.0.0.1:54321/auth/v1")
    );
    assert_eq!(
        (config.jwt_audience.as_str(), config.default_role.as_str()),
        ("authenticated", "authenticated")
    );
    assert_eq!(config.jwt_expiry, Duration::from_secs(3600));
    assert!(config.signup_enabled && !config.anonymous_enabled && !config.manual_linking_enabled);
    assert_eq!(config.password.min_length, 6);
    assert!(config.refresh_tokens.rotation);
    assert_eq!(config.refresh_tokens.reuse_interval, Duration::from_secs(10));
    assert!(config.email.enabled && config.email.autoconfirm && config.email.double_confirm_changes);
    assert_eq!(config.email.max_frequency, Duration::from_secs(1));
    assert_eq!(config.email.otp_expiry, Duration::from_secs(3600));
    assert!(config.email.smtp.is_none() && config.rate_limits.email_sent.is_none());
    assert!(!config.sms.enabled && config.sms.autoconfirm);
    assert!(matches!(config.sms.transport, SmsTransport::Inbox));
    assert_eq!(config.sms.otp_expiry, Duration::from_secs(6000));
    assert!(!config.mfa.totp.enroll && !config.mfa.phone.verify && !config.mfa.web_authn.enroll);
    assert!(config.mfa.recovery_codes.enroll && config.mfa.recovery_codes.verify);
    assert_eq!(
        (
            config.mfa.max_attempts_per_challenge,
            config.mfa.max_attempts_per_factor
        ),
        (5, 15)
    );
    assert_eq!(config.mfa.attempt_window, Duration::from_secs(300));
    assert!(config.mfa.reject_replayed_codes && config.encryption.is_none());
    assert!(config.sessions.timebox.is_none() && config.external.providers.is_empty());
}

#[test]
fn old_and_new_names_are_read() {
    let config = load("[auth.email]\nenable_signup = false\n[auth.sms]\nenable_signup = true\n");
    assert!(!config.email.enabled && config.sms.enabled);
    let config = load("[auth.email]\nenabled = true\nenable_signup = false\nenable_confirmations = true\n");
    assert!(config.email.enabled && !config.email.autoconfirm);
}

#[test]
fn variables_of_the_original_stand_below_the_file() {
    let env = [
        ("GOTRUE_SITE_URL", "https://env.example"),
        ("GOTRUE_DISABLE_SIGNUP", "true"),
        ("GOTRUE_MAILER_AUTOCONFIRM", "false"),
        ("GOTRUE_URI_ALLOW_LIST", "https://a.example/*,myapp://**"),
        ("GOTRUE_PASSWORD_REQUIRED_CHARACTERS", "abc:01\\:"),
        ("GOTRUE_MFA_TOTP_ENROLL_ENABLED", "true"),
        ("GOTRUE_JWT_EXP", "60"),
        ("GOTRUE_EXTERNAL_GITHUB_ENABLED", "true"),
        ("GOTRUE_SMS_TEST_OTP", "+49 170 1:123456"),
    ];
    let config = load_with("[auth]\njwt_expiry = 120\n", &env).unwrap();
    assert_eq!(config.site_url.as_str(), "https://env.example/");
    assert!(!config.signup_enabled && !config.email.autoconfirm && config.mfa.totp.enroll);
    assert_eq!(config.redirect_allow_list, ["https://a.example/*", "myapp://**"]);
    assert_eq!(config.password.required_characters, ["abc", "01:"]);
    assert_eq!(config.jwt_expiry, Duration::from_secs(120));
    assert!(config.external.providers.keys().eq(["github"]));
    assert_eq!(
        config.sms.test_otp.get("491701").map(String::as_str),
        Some("123456")
    );
}

#[test]
fn password_requirements_become_sets() {
    let config = load("[auth]\npassword_requirements = \"lower_upper_letters_digits\"\n");
    assert_eq!(
        config.password.required_characters,
        [password::LOWER, password::UPPER, password::DIGITS]
    );
    assert!(
        load("[auth]\npassword_requirements = \"\"\n")
            .password
            .required_characters
            .is_empty()
    );
}

#[test]
fn values_out_of_range_are_refused_at_their_place() {
    let rows = [
        ("[auth]\nsite_url = \"localhost:3000\"\n", "config.toml:2"),
        ("[auth]\njwt_expiry = 604801\n", "604800"),
        ("[auth]\nminimum_password_length = 5\n", "6 to 72"),
        (
            "[auth]\nadditional_redirect_urls = [\"https://[a\"]\n",
            "additional_redirect_urls",
        ),
        ("[auth.email]\notp_length = 5\n", "6 to 10"),
        ("[auth.sms]\notp_length = 11\n", "6 to 10"),
        ("[auth.mfa.phone]\notp_length = 4\n", "auth.mfa.phone.otp_length"),
        ("[auth.mfa]\nattempt_window = \"0s\"\n", "above zero"),
        ("[auth.mfa.recovery_codes]\ncount = 0\n", "1 to 50"),
        (
            "[auth.email]\nallow_unverified_sign_ins = true\n",
            "enable_confirmations",
        ),
        ("[auth.sms.test_otp]\n49170 = \"12x\"\n", "auth.sms.test_otp"),
        ("[auth.webauthn]\nrp_origins = [\"example\"]\n", "rp_origins"),
    ];
    for (toml, expected) in rows {
        let text = refusal(toml);
        assert!(text.contains(expected) && !text.contains('\n'), "{toml}: {text}");
    }
    let text = load_with("", &[("GOTRUE_JWT_EXP", "0")]).unwrap_err().to_string();
    assert!(text.contains("GOTRUE_JWT_EXP"), "{text}");
}

#[test]
fn a_mail_server_needs_all_of_its_keys() {
    let good = "[auth.email.smtp]\nhost = \"smtp.example\"\nport = 587\nadmin_email = \"a@b.example\"\nuser = \"u\"\npass = \"p\"\n";
    let config = load(good);
    let smtp = config.email.smtp.unwrap();
    assert_eq!(
        (smtp.host.as_str(), smtp.port, config.email.from_email.as_str()),
        ("smtp.example", 587, "a@b.example")
    );
    assert_eq!(config.rate_limits.email_sent, Some(Rate::hourly(30)));
    for key in ["host", "port", "admin_email", "pass", "user"] {
        let lines = good
            .lines()
            .filter(|line| !line.starts_with(&format!("{key} =")))
            .collect::<Vec<_>>();
        let text = refusal(&lines.join("\n"));
        assert!(
            text.contains(&format!("auth.email.smtp.{key} must be set")),
            "{text}"
        );
    }
    assert!(load(&format!("{good}enabled = false\n")).email.smtp.is_none());
    assert!(
        load("[auth.email.smtp]\nenabled = false\npass = \"env(UNSET_VARIABLE)\"\n")
            .email
            .smtp
            .is_none()
    );
}

#[test]
fn templates_come_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let supabase = dir.path().join("supabase");
    std::fs::create_dir_all(supabase.join("templates")).unwrap();
    std::fs::write(supabase.join("templates/invite.html"), "<h2>{{ .SiteURL }}</h2>").unwrap();
    let write = |path: &str| {
        let toml = format!(
            "[auth.email.template.invite]\nsubject = \"Come\"\ncontent_path = \"{path}\"\n\
             [auth.email.notification.password_changed]\nenabled = true\ncontent = \"<p>x</p>\"\n"
        );
        std::fs::write(supabase.join("config.toml"), toml).unwrap();
        let options = LoadOptions {
            workdir: dir.path().to_owned(),
            ..LoadOptions::default()
        };
        AuthConfig::load(&Config::load(&options).unwrap(), external())
    };
    let config = write("./templates/invite.html").unwrap();
    let invite = &config.email.templates["invite"];
    assert_eq!(invite.subject.as_deref(), Some("Come"));
    assert_eq!(invite.content.as_deref(), Some("<h2>{{ .SiteURL }}</h2>"));
    assert_eq!(config.email.notifications, ["password_changed"]);
    assert_eq!(
        config.email.templates["password_changed"].content.as_deref(),
        Some("<p>x</p>")
    );

    let text = write("./templates/gone.html").unwrap_err().to_string();
    assert!(
        text.contains("gone.html") && text.contains("auth.email.template.invite.content_path"),
        "{text}"
    );
    std::fs::write(supabase.join("templates/big.html"), "x".repeat((1 << 20) + 1)).unwrap();
    assert!(
        write("./templates/big.html")
            .unwrap_err()
            .to_string()
            .contains("1 MiB")
    );
}

#[test]
fn one_sms_provider() {
    let twilio = "[auth.sms.twilio]\nenabled = true\naccount_sid = \"AC1\"\nauth_token = \"t\"\nmessage_service_sid = \"MG1\"\n";
    let config = load(twilio);
    assert!(matches!(config.sms.transport, SmsTransport::Twilio { .. }));
    assert_eq!(config.sms.provider_name, "twilio");
    assert!(refusal("[auth.sms.twilio]\nenabled = true\n").contains("account_sid"));
    assert!(refusal(&format!("{twilio}[auth.sms.vonage]\nenabled = true\n")).contains("only one"));
    assert!(refusal("[auth.sms.vonage]\nenabled = true\n").contains("from, api_key, api_secret must be set"));
    let bird = "[auth.sms.messagebird]\nenabled = true\noriginator = \"Shop\"\naccess_key = \"k\"\n";
    let transport = load(&format!("{bird}base_url = \"http://127.0.0.1:1/\"\n"))
        .sms
        .transport;
    assert!(matches!(
        transport,
        SmsTransport::Messagebird {
            base_url: Some(_),
            ..
        }
    ));
    let hook = "[auth.hook.send_sms]\nenabled = true\nuri = \"pg-functions://postgres/public/send_sms\"\n";
    let config = load(&format!("[auth.sms.vonage]\nenabled = true\n{hook}"));
    assert!(matches!(config.sms.transport, SmsTransport::Inbox));
    // As in the CLI's own file.
    load("[auth.sms.twilio]\nenabled = false\naccount_sid = \"\"\nauth_token = \"env(UNSET_VARIABLE)\"\n");
    let variables = [
        ("GOTRUE_SMS_PROVIDER", "twilio_verify"),
        ("GOTRUE_SMS_TWILIO_VERIFY_ACCOUNT_SID", "AC1"),
        ("GOTRUE_SMS_TWILIO_VERIFY_AUTH_TOKEN", "t"),
        ("GOTRUE_SMS_TWILIO_VERIFY_MESSAGE_SERVICE_SID", "VA1"),
    ];
    let config = load_with("", &variables).unwrap();
    assert!(matches!(config.sms.transport, SmsTransport::TwilioVerify { .. }));
    let variables = [
        ("GOTRUE_SMS_PROVIDER", "textlocal"),
        ("GOTRUE_SMS_TEXTLOCAL_SENDER", "Shop"),
        ("GOTRUE_SMS_TEXTLOCAL_API_KEY", "k"),
    ];
    let config = load_with("", &variables).unwrap();
    assert!(matches!(config.sms.transport, SmsTransport::Textlocal { .. }));
}

#[test]
fn captchas_and_leaks() {
    assert!(load("").captcha.is_none() && load("").leaked_passwords.is_none());
    // As in the CLI's own file.
    load("[auth.captcha]\nenabled = false\nprovider = \"hcaptcha\"\nsecret = \"env(UNSET_VARIABLE)\"\n");
    let on = "[auth.captcha]\nenabled = true\n";
    assert!(refusal(on).contains("secret must be set"));
    assert!(refusal(&format!("{on}secret = \"s\"\nprovider = \"other\"\n")).contains("turnstile"));
    let captcha = load(&format!("{on}secret = \"s\"\n")).captcha.unwrap();
    assert_eq!(captcha.verify_url.as_str(), "https://hcaptcha.com/siteverify");
    let variables = [
        ("GOTRUE_SECURITY_CAPTCHA_ENABLED", "true"),
        ("GOTRUE_SECURITY_CAPTCHA_PROVIDER", "turnstile"),
        ("GOTRUE_SECURITY_CAPTCHA_SECRET", " s "),
        ("GOTRUE_SECURITY_CAPTCHA_TIMEOUT", "3s"),
        ("GOTRUE_PASSWORD_HIBP_ENABLED", "true"),
        ("GOTRUE_PASSWORD_HIBP_FAIL_CLOSED", "true"),
        ("GOTRUE_PASSWORD_HIBP_USER_AGENT", "shop"),
    ];
    let config = load_with("", &variables).unwrap();
    let captcha = config.captcha.unwrap();
    assert_eq!(captcha.verify_url.host_str(), Some("challenges.cloudflare.com"));
    assert_eq!(captcha.secret.expose_secret(), "s");
    assert_eq!(captcha.timeout, Duration::from_secs(3));
    let leaked = config.leaked_passwords.unwrap();
    assert!(leaked.fail_closed);
    assert_eq!(leaked.user_agent.as_deref(), Some("shop"));
}

#[test]
fn hooks_have_a_target_and_secrets() {
    let toml = "[auth.hook.custom_access_token]\nenabled = true\nuri = \"pg-functions://postgres/public/my_hook\"\n\
                [auth.hook.send_email]\nenabled = true\nuri = \"https://h.example/x\"\nsecrets = \"v1,whsec_YWJj|v1,whsec_ZGVm\"\n\
                [auth.hook.send_sms]\nenabled = false\nuri = \"nonsense\"\n";
    let hooks = load(toml).hooks;
    let target = hooks.custom_access_token.unwrap().target;
    assert!(
        matches!(target, HookTarget::Postgres { schema, function } if schema == "public" && function == "my_hook")
    );
    let email = hooks.send_email.unwrap();
    let secrets: Vec<_> = email.secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["YWJj", "ZGVm"]);
    assert!(hooks.send_sms.is_none());
    for (uri, secrets, expected) in [
        ("", "", "uri"),
        ("ftp://x/y", "", "uri"),
        ("http://h.example/", "v1,whsec_YWJj", "https"),
        ("https://h.example/", "", "needs secrets"),
        ("https://h.example/", "whsec_YWJj", "v1,whsec_"),
        ("pg-functions://postgres/public/f;drop", "", "names"),
        ("pg-functions://postgres/f", "", "names"),
    ] {
        let text = refusal(&format!(
            "[auth.hook.send_email]\nenabled = true\nuri = \"{uri}\"\nsecrets = \"{secrets}\"\n"
        ));
        assert!(
            text.contains("auth.hook.send_email") && text.contains(expected),
            "{text}"
        );
    }
}

#[test]
fn passkeys_and_wallets_are_off_unless_told() {
    let config = load("");
    assert!(!config.passkey.enabled && !config.passkey.accepts_presence_alone);
    assert_eq!(config.passkey.max_per_user, 10);
    assert_eq!(config.webauthn.challenge_expiry, Duration::from_secs(300));
    assert!(config.web3.solana.is_none() && config.web3.ethereum.is_none());
    let config = load(
        "[auth.passkey]\nenabled = true\nuser_verification = \"preferred\"\n\
         [auth.web3.solana]\nenabled = true\nmaximum_validity_duration = \"5m\"\n",
    );
    assert!(config.passkey.enabled && config.passkey.accepts_presence_alone);
    assert_eq!(config.web3.solana, Some(Duration::from_secs(300)));
    let variables = [
        ("GOTRUE_PASSKEY_ENABLED", "true"),
        ("GOTRUE_PASSKEY_MAX_PASSKEYS_PER_USER", "3"),
        ("GOTRUE_WEBAUTHN_CHALLENGE_EXPIRY_DURATION", "1m"),
        ("GOTRUE_EXTERNAL_WEB3_ETHEREUM_ENABLED", "true"),
        ("GOTRUE_EXTERNAL_WEB3_ETHEREUM_MAXIMUM_VALIDITY_DURATION", "2m"),
    ];
    let config = load_with("", &variables).unwrap();
    assert!(config.passkey.enabled);
    assert_eq!(config.passkey.max_per_user, 3);
    assert_eq!(config.webauthn.challenge_expiry, Duration::from_secs(60));
    assert_eq!(config.web3.ethereum, Some(Duration::from_secs(120)));
    for (toml, key) in [
        (
            "[auth.passkey]\nuser_verification = \"discouraged\"\n",
            "auth.passkey.user_verification",
        ),
        (
            "[auth.webauthn]\nchallenge_expiry = \"2h\"\n",
            "auth.webauthn.challenge_expiry",
        ),
        (
            "[auth.web3.solana]\nmaximum_validity_duration = \"0s\"\n",
            "auth.web3.solana.maximum_validity_duration",
        ),
    ] {
        let text = refusal(toml);
        assert!(text.contains(key), "{text}");
    }
}

#[test]
fn encryption_keys_are_checked() {
    let key = "A".repeat(43);
    let env = |encrypt, key| {
        [
            ("GOTRUE_SECURITY_DATABASE_ENCRYPTION_ENCRYPT", encrypt),
            ("GOTRUE_SECURITY_DATABASE_ENCRYPTION_ENCRYPTION_KEY_ID", "k1"),
            ("GOTRUE_SECURITY_DATABASE_ENCRYPTION_ENCRYPTION_KEY", key),
        ]
    };
    let config = load_with("", &env("true", &key)).unwrap().encryption.unwrap();
    assert!(config.encrypt && config.keys.contains_key("k1"));
    assert!(load_with("", &env("true", "short")).is_err());
    assert!(load_with("", &env("true", "")).is_err());
    let old = format!("[auth.encryption.decryption_keys]\nold = \"{key}\"\n");
    assert!(!load(&old).encryption.unwrap().encrypt);
}

#[test]
fn the_oauth_server() {
    let server = load("").oauth_server;
    assert!(!server.enabled && !server.allow_dynamic_registration);
    assert_eq!(server.authorization_path, "/oauth/consent");
    assert_eq!(server.authorization_ttl, Duration::from_secs(600));
    assert_eq!(server.default_scope.to_string(), "email");
    let variables = [
        ("GOTRUE_OAUTH_SERVER_ENABLED", "true"),
        ("GOTRUE_OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION", "true"),
        ("GOTRUE_OAUTH_SERVER_AUTHORIZATION_PATH", "consent"),
        ("GOTRUE_OAUTH_SERVER_AUTHORIZATION_TTL", "5m"),
        ("GOTRUE_OAUTH_SERVER_DEFAULT_SCOPE", "openid email"),
    ];
    let server = load_with("", &variables).unwrap().oauth_server;
    assert!(server.enabled && server.allow_dynamic_registration);
    assert_eq!(server.authorization_path, "/consent");
    assert_eq!(server.authorization_ttl, Duration::from_secs(300));
    assert_eq!(server.default_scope.to_string(), "openid email");
    for (key, value) in [
        ("authorization_url_path", "\"/consent?x=1\""),
        ("authorization_url_path", "\"/con sent\""),
        ("authorization_url_path", "\"\\\\evil.example\""),
        ("authorization_ttl", "\"2h\""),
        ("authorization_ttl", "\"0s\""),
        ("default_scope", "\"admin\""),
        ("default_scope", "\" \""),
    ] {
        let text = refusal(&format!("[auth.oauth_server]\n{key} = {value}\n"));
        assert!(text.contains(key), "{key} = {value}: {text}");
    }
}
