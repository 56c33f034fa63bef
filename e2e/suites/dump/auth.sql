-- Rows of a hosted project as `pg_dump --data-only` writes them, all columns of the original's schema, made up for the test in
-- dump.test.mjs. Passwords: "correct horse 1", dan and eve "password", fay "user1password".
SET session_replication_role = replica;

--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Data for Name: audit_log_entries; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."audit_log_entries" ("instance_id", "id", "payload", "created_at", "ip_address") FROM stdin;
00000000-0000-0000-0000-000000000000	00000001-6666-4666-8666-666666666666	{"action": "login", "actor_id": "00000001-1111-4111-8111-111111111111", "actor_username": "ann@example.com", "actor_via_sso": false, "log_type": "account", "traits": {"provider": "email"}}	2024-03-01 10:11:12.123456+00	
00000000-0000-0000-0000-000000000000	00000002-6666-4666-8666-666666666666	{"action": "user_signedup", "actor_id": "00000002-1111-4111-8111-111111111111", "actor_username": "bea@example.com", "actor_via_sso": false, "log_type": "team"}	2024-03-01 10:11:12.123456+00	203.0.113.9
\.

--
-- Data for Name: flow_state; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."flow_state" ("id", "user_id", "auth_code", "code_challenge_method", "code_challenge", "provider_type", "provider_access_token", "provider_refresh_token", "created_at", "updated_at", "authentication_method", "auth_code_issued_at", "invite_token", "referrer", "oauth_client_state_id", "linking_target_id", "email_optional") FROM stdin;
00000001-7777-4777-8777-777777777777	00000002-1111-4111-8111-111111111111	11111111-7777-4777-8777-777777777777	s256	E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM	magiclink			2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	magiclink	2024-03-01 10:11:12.123456+00	\N	\N	\N	\N	f
\.

--
-- Data for Name: users; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."users" ("instance_id", "id", "aud", "role", "email", "encrypted_password", "email_confirmed_at", "invited_at", "confirmation_token", "confirmation_sent_at", "recovery_token", "recovery_sent_at", "email_change_token_new", "email_change", "email_change_sent_at", "last_sign_in_at", "raw_app_meta_data", "raw_user_meta_data", "is_super_admin", "created_at", "updated_at", "phone", "phone_confirmed_at", "phone_change", "phone_change_token", "phone_change_sent_at", "email_change_token_current", "email_change_confirm_status", "banned_until", "reauthentication_token", "reauthentication_sent_at", "is_sso_user", "deleted_at", "is_anonymous") FROM stdin;
00000000-0000-0000-0000-000000000000	00000001-1111-4111-8111-111111111111	authenticated	authenticated	ann@example.com	$2a$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	{"sub": "00000001-1111-4111-8111-111111111111", "email": "ann@example.com", "email_verified": true, "phone_verified": false, "name": "Ann"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	00000002-1111-4111-8111-111111111111	authenticated	authenticated	bea@example.com	$2b$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	{"sub": "00000002-1111-4111-8111-111111111111", "email": "bea@example.com", "email_verified": true, "phone_verified": false, "name": "Bea"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	00000003-1111-4111-8111-111111111111	authenticated	authenticated	cyd@example.com	$2y$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	{"sub": "00000003-1111-4111-8111-111111111111", "email": "cyd@example.com", "email_verified": true, "phone_verified": false, "name": "Cyd"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	00000004-1111-4111-8111-111111111111	authenticated	authenticated	dan@example.com	$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	{"sub": "00000004-1111-4111-8111-111111111111", "email": "dan@example.com", "email_verified": true, "phone_verified": false, "name": "Dan"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	00000005-1111-4111-8111-111111111111	authenticated	authenticated	eve@example.com	$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	{"sub": "00000005-1111-4111-8111-111111111111", "email": "eve@example.com", "email_verified": true, "phone_verified": false, "name": "Eve"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	00000006-1111-4111-8111-111111111111	authenticated	authenticated	fay@example.com	$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	{"sub": "00000006-1111-4111-8111-111111111111", "email": "fay@example.com", "email_verified": true, "phone_verified": false, "name": "Fay"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	00000007-1111-4111-8111-111111111111	authenticated	authenticated	\N	$2a$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy	\N	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "phone", "providers": ["phone"]}	{}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	4915112345678	2024-03-01 10:11:12.123456+00			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	00000008-1111-4111-8111-111111111111	authenticated	authenticated	06251731083a9f041883b242ba7b3cc63a1167d48b402d93d20f5b87d85926ed		2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{}	{}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	2024-03-01 10:11:12.123456+00	f
00000000-0000-0000-0000-000000000000	00000009-1111-4111-8111-111111111111	authenticated	authenticated	ida@example.com	$2a$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	{"sub": "00000009-1111-4111-8111-111111111111", "email": "ida@example.com", "email_verified": true, "phone_verified": false, "name": "Ida"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	2999-01-01 00:00:00+00		\N	f	\N	f
00000000-0000-0000-0000-000000000000	0000000a-1111-4111-8111-111111111111	authenticated	authenticated	\N		\N	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{}	{"cart": 7}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	t
00000000-0000-0000-0000-000000000000	0000000b-1111-4111-8111-111111111111	authenticated	authenticated	ann@example.com		2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "sso:aaaaaaaa-3333-4333-8333-333333333333", "providers": ["sso:aaaaaaaa-3333-4333-8333-333333333333"]}	{"sub": "0000000b-1111-4111-8111-111111111111", "email": "ann@example.com", "email_verified": true, "phone_verified": false, "name": "Kim"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	t	\N	f
00000000-0000-0000-0000-000000000000	0000000c-1111-4111-8111-111111111111	authenticated	authenticated	lee@example.com	$2a$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy	\N	\N	b6c71b6a9fd6fa3a53698427af62b1333a57a2245392bb5cad8166d3	2024-03-01 10:11:12.123456+00		\N			\N	\N	{"provider": "email", "providers": ["email"]}	{"sub": "0000000c-1111-4111-8111-111111111111", "email": "lee@example.com", "email_verified": true, "phone_verified": false, "name": "Lee"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	0000000d-1111-4111-8111-111111111111	authenticated	authenticated	mia@example.com	\N	2024-03-01 10:11:12.123456+00	\N		\N		\N			\N	2024-03-01 10:11:12.123456+00	{"provider": "github", "providers": ["github"]}	{"sub": "0000000d-1111-4111-8111-111111111111", "email": "mia@example.com", "email_verified": true, "phone_verified": false, "name": "Mia"}	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N			\N		0	\N		\N	f	\N	f
00000000-0000-0000-0000-000000000000	0000000e-1111-4111-8111-111111111111	authenticated	authenticated	ned@example.com	$2b$04$abcdefghijklmnopqrstuu..ECdwB5ftHOtfZdMoWOaxWtbxL1ouK	2024-03-01 10:11:12.123456+00	\N	\N	\N	\N	\N	\N	\N	\N	2024-03-01 10:11:12.123456+00	{"provider": "email", "providers": ["email"]}	\N	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	\N	\N	\N	\N	\N	0	\N	\N	\N	f	\N	f
\.

--
-- Data for Name: identities; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."identities" ("provider_id", "user_id", "identity_data", "provider", "last_sign_in_at", "created_at", "updated_at", "id") FROM stdin;
00000001-1111-4111-8111-111111111111	00000001-1111-4111-8111-111111111111	{"sub": "00000001-1111-4111-8111-111111111111", "email": "ann@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000001-2222-4222-8222-000000000000
00000002-1111-4111-8111-111111111111	00000002-1111-4111-8111-111111111111	{"sub": "00000002-1111-4111-8111-111111111111", "email": "bea@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000002-2222-4222-8222-000000000001
00000003-1111-4111-8111-111111111111	00000003-1111-4111-8111-111111111111	{"sub": "00000003-1111-4111-8111-111111111111", "email": "cyd@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000003-2222-4222-8222-000000000002
00000004-1111-4111-8111-111111111111	00000004-1111-4111-8111-111111111111	{"sub": "00000004-1111-4111-8111-111111111111", "email": "dan@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000004-2222-4222-8222-000000000003
00000005-1111-4111-8111-111111111111	00000005-1111-4111-8111-111111111111	{"sub": "00000005-1111-4111-8111-111111111111", "email": "eve@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000005-2222-4222-8222-000000000004
00000006-1111-4111-8111-111111111111	00000006-1111-4111-8111-111111111111	{"sub": "00000006-1111-4111-8111-111111111111", "email": "fay@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000006-2222-4222-8222-000000000005
00000007-1111-4111-8111-111111111111	00000007-1111-4111-8111-111111111111	{"sub": "00000007-1111-4111-8111-111111111111", "phone": "4915112345678", "email_verified": false, "phone_verified": false}	phone	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000007-2222-4222-8222-000000000006
00000009-1111-4111-8111-111111111111	00000009-1111-4111-8111-111111111111	{"sub": "00000009-1111-4111-8111-111111111111", "email": "ida@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	00000009-2222-4222-8222-000000000007
kim-name-id	0000000b-1111-4111-8111-111111111111	{"sub": "kim-name-id", "iss": "https://idp.example.com", "email": "ann@example.com", "custom_claims": {"team": "a"}}	sso:aaaaaaaa-3333-4333-8333-333333333333	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	0000000b-2222-4222-8222-000000000008
0000000c-1111-4111-8111-111111111111	0000000c-1111-4111-8111-111111111111	{"sub": "0000000c-1111-4111-8111-111111111111", "email": "lee@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	0000000c-2222-4222-8222-000000000009
4711	0000000d-1111-4111-8111-111111111111	{"sub": "4711", "iss": "https://api.github.com", "email": "mia@example.com", "email_verified": true, "user_name": "mia", "provider_id": "4711"}	github	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	0000000d-2222-4222-8222-00000000000a
0000000e-1111-4111-8111-111111111111	0000000e-1111-4111-8111-111111111111	{"sub": "0000000e-1111-4111-8111-111111111111", "email": "ned@example.com", "email_verified": true, "phone_verified": false}	email	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	0000000e-2222-4222-8222-00000000000b
\.

--
-- Data for Name: instances; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."instances" ("id", "uuid", "raw_base_config", "created_at", "updated_at") FROM stdin;
\.

--
-- Data for Name: sessions; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."sessions" ("id", "user_id", "created_at", "updated_at", "factor_id", "aal", "not_after", "refreshed_at", "user_agent", "ip", "tag", "oauth_client_id", "refresh_token_hmac_key", "refresh_token_counter", "scopes") FROM stdin;
00000001-4444-4444-8444-444444444444	00000001-1111-4111-8111-111111111111	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	aal1	\N	2024-03-01 10:11:12.123456	Mozilla/5.0 (X11; Linux x86_64)	203.0.113.7	\N	\N	\N	\N	\N
00000002-4444-4444-8444-444444444444	00000002-1111-4111-8111-111111111111	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	aal1	\N	\N	\N	\N	\N	\N	c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I	3	\N
00000009-4444-4444-8444-444444444444	00000009-1111-4111-8111-111111111111	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	aal1	\N	\N	\N	2001:db8::1	\N	\N	\N	\N	\N
0000000a-4444-4444-8444-444444444444	0000000a-1111-4111-8111-111111111111	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	aal1	\N	\N	\N	\N	\N	\N	\N	\N	\N
0000000b-4444-4444-8444-444444444444	0000000b-1111-4111-8111-111111111111	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	aal1	2024-03-01 18:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N
\.

--
-- Data for Name: mfa_amr_claims; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."mfa_amr_claims" ("session_id", "created_at", "updated_at", "authentication_method", "id") FROM stdin;
00000001-4444-4444-8444-444444444444	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	password	00000001-8888-4888-8888-888888888888
00000002-4444-4444-8444-444444444444	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	otp	00000002-8888-4888-8888-888888888888
00000009-4444-4444-8444-444444444444	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	password	00000009-8888-4888-8888-888888888888
0000000a-4444-4444-8444-444444444444	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	anonymous	0000000a-8888-4888-8888-888888888888
0000000b-4444-4444-8444-444444444444	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	sso/saml	0000000b-8888-4888-8888-888888888888
\.

--
-- Data for Name: mfa_factors; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."mfa_factors" ("id", "user_id", "friendly_name", "factor_type", "status", "created_at", "updated_at", "secret", "phone", "last_challenged_at", "web_authn_credential", "web_authn_aaguid", "last_webauthn_challenge_data") FROM stdin;
00000001-5555-4555-8555-555555555555	00000001-1111-4111-8111-111111111111	my phone	totp	verified	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP	\N	2024-03-01 10:11:12.123456+00	\N	\N	\N
00000002-5555-4555-8555-555555555555	00000001-1111-4111-8111-111111111111	an old one	totp	unverified	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU	\N	\N	\N	\N	\N
00000003-5555-4555-8555-555555555555	00000002-1111-4111-8111-111111111111	sms	phone	verified	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	4915198765432	2024-03-02 10:11:12+00	\N	\N	\N
\.

--
-- Data for Name: mfa_challenges; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."mfa_challenges" ("id", "factor_id", "created_at", "verified_at", "ip_address", "otp_code", "web_authn_session_data") FROM stdin;
00000001-9999-4999-8999-999999999999	00000001-5555-4555-8555-555555555555	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	203.0.113.7	\N	\N
00000002-9999-4999-8999-999999999999	00000003-5555-4555-8555-555555555555	2024-03-01 10:11:12.123456+00	\N	203.0.113.7	$2a$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy	\N
\.

--
-- Data for Name: one_time_tokens; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."one_time_tokens" ("id", "user_id", "token_type", "token_hash", "relates_to", "created_at", "updated_at") FROM stdin;
00000001-aaaa-4aaa-8aaa-aaaaaaaaaaaa	0000000c-1111-4111-8111-111111111111	confirmation_token	b6c71b6a9fd6fa3a53698427af62b1333a57a2245392bb5cad8166d3	lee@example.com	2024-03-01 10:11:12.123456	2024-03-01 10:11:12.123456
\.

--
-- Data for Name: refresh_tokens; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."refresh_tokens" ("instance_id", "id", "token", "user_id", "revoked", "created_at", "updated_at", "parent", "session_id") FROM stdin;
00000000-0000-0000-0000-000000000000	1001	aaaaaaaaaaa1	00000001-1111-4111-8111-111111111111	t	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	00000001-4444-4444-8444-444444444444
00000000-0000-0000-0000-000000000000	1002	aaaaaaaaaaa2	00000001-1111-4111-8111-111111111111	t	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	aaaaaaaaaaa1	00000001-4444-4444-8444-444444444444
00000000-0000-0000-0000-000000000000	1003	aaaaaaaaaaa3	00000001-1111-4111-8111-111111111111	f	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	aaaaaaaaaaa2	00000001-4444-4444-8444-444444444444
00000000-0000-0000-0000-000000000000	1004	iiiiiiiiiii1	00000009-1111-4111-8111-111111111111	f	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	00000009-4444-4444-8444-444444444444
00000000-0000-0000-0000-000000000000	1005	jjjjjjjjjjj1	0000000a-1111-4111-8111-111111111111	f	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	0000000a-4444-4444-8444-444444444444
00000000-0000-0000-0000-000000000000	1006	kkkkkkkkkkk1	0000000b-1111-4111-8111-111111111111	f	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N	0000000b-4444-4444-8444-444444444444
\.

--
-- Data for Name: sso_providers; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."sso_providers" ("id", "resource_id", "created_at", "updated_at", "disabled") FROM stdin;
aaaaaaaa-3333-4333-8333-333333333333	\N	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N
\.

--
-- Data for Name: saml_providers; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."saml_providers" ("id", "sso_provider_id", "entity_id", "metadata_xml", "metadata_url", "attribute_mapping", "created_at", "updated_at", "name_id_format") FROM stdin;
00000001-bbbb-4bbb-8bbb-bbbbbbbbbbbb	aaaaaaaa-3333-4333-8333-333333333333	https://idp.example.com	<?xml version="1.0"?>\n<EntityDescriptor\txmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com"/>	\N	{"keys": {"team": {"name": "team"}}}	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00	\N
\.

--
-- Data for Name: saml_relay_states; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."saml_relay_states" ("id", "sso_provider_id", "request_id", "for_email", "redirect_to", "created_at", "updated_at", "flow_state_id") FROM stdin;
\.

--
-- Data for Name: sso_domains; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY "auth"."sso_domains" ("id", "sso_provider_id", "domain", "created_at", "updated_at") FROM stdin;
00000001-cccc-4ccc-8ccc-cccccccccccc	aaaaaaaa-3333-4333-8333-333333333333	example.com	2024-03-01 10:11:12.123456+00	2024-03-01 10:11:12.123456+00
\.

--
-- Name: refresh_tokens_id_seq; Type: SEQUENCE SET; Schema: auth; Owner: supabase_auth_admin
--

SELECT pg_catalog.setval('"auth"."refresh_tokens_id_seq"', 1006, true);


--
-- PostgreSQL database dump complete
--

RESET ALL;
