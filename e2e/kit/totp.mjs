// An authenticator app: reads the QR code of an enrolment and makes codes, each step at most once.
import * as OTPAuth from 'otpauth'
import { decodeQr } from './qr.mjs'
import { sleep } from './server.mjs'

const period = 30
const margin = 2 // seconds kept clear of the next step

export class Authenticator {
  /** From the data of mfa.enroll: scans the picture as a phone would. */
  static scan(enrolled) {
    return new Authenticator(decodeQr(enrolled.totp.qr_code))
  }

  constructor(uri) {
    this.uri = uri
    this.totp = OTPAuth.URI.parse(uri)
    this.lastStep = 0
  }

  /** The code of a step relative to now. */
  code(offset = 0) {
    return this.codeOf(step() + offset)
  }

  codeOf(number) {
    return this.totp.generate({ timestamp: number * period * 1000 })
  }

  /**
   * A code that the server has not seen: the earliest step in its window (one before, one after) that is later than
   * the last one used. Waits when the window is used up.
   */
  async next() {
    await clearOfBoundary()
    let number = Math.max(step() - 1, this.lastStep + 1)
    while (number > step() + 1) {
      await sleep(500)
      await clearOfBoundary()
      number = Math.max(step() - 1, this.lastStep + 1)
    }
    this.lastStep = number
    return this.codeOf(number)
  }

  /** A code that is wrong now and in the steps around. */
  wrong() {
    const right = [-2, -1, 0, 1, 2].map((offset) => this.code(offset))
    let code = 0
    while (right.includes(String(code).padStart(6, '0'))) code += 1
    return String(code).padStart(6, '0')
  }
}

export const step = () => Math.floor(Date.now() / 1000 / period)

async function clearOfBoundary() {
  const left = period - ((Date.now() / 1000) % period)
  if (left < margin) await sleep(left * 1000 + 50)
}
