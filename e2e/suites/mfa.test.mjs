// Second factors with the official client: every kind enabled, sign-ups confirmed at once, messages in the inbox.
import { describe } from 'node:test'
import { generous, impatient, world } from '../kit/world.mjs'
import admin from './mfa/admin.mjs'
import phone from './mfa/phone.mjs'
import recoveryCodes from './mfa/recovery-codes.mjs'
import totp from './mfa/totp.mjs'
import totpRefusals from './mfa/totp-refusals.mjs'
import webauthn from './mfa/webauthn.mjs'

const shared = world({
  name: 'mfa',
  prepare: ({ database }) => database.makeGuardedTable(),
  config: {
    ...generous,
    ...impatient,
    'auth.site_url': 'http://localhost:3000',
    'auth.email.enable_confirmations': false,
    'auth.sms.enable_signup': true,
    'auth.sms.enable_confirmations': false,
    'auth.mfa.totp.enroll_enabled': true,
    'auth.mfa.totp.verify_enabled': true,
    'auth.mfa.phone.enroll_enabled': true,
    'auth.mfa.phone.verify_enabled': true,
    'auth.mfa.web_authn.enroll_enabled': true,
    'auth.mfa.web_authn.verify_enabled': true,
    'auth.mfa.recovery_codes.enroll_enabled': true,
    'auth.mfa.recovery_codes.verify_enabled': true,
    'auth.webauthn.rp_id': 'localhost',
    'auth.webauthn.rp_display_name': 'e2e',
    'auth.webauthn.rp_origins': ['http://localhost:3000'],
  },
})

describe('TOTP', () => totp(shared))
describe('TOTP, refused', () => totpRefusals(shared))
describe('phone', () => phone(shared))
describe('WebAuthn', () => webauthn(shared))
describe('recovery codes', () => recoveryCodes(shared))
describe('factors seen by the admin', () => admin(shared))
