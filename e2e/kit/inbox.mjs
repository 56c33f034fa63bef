// The development inbox, through the Mailpit API that tests of existing projects use.
import { sleep } from './server.mjs'

const patience = 8000

export class Inbox {
  constructor(mailUrl) {
    this.url = mailUrl.replace(/\/+$/, '')
  }

  async get(path) {
    const answer = await fetch(this.url + path)
    if (!answer.ok) throw new Error(`inbox: ${answer.status} for ${path}`)
    return answer.json()
  }

  /** Messages to an address, newest first. */
  async list(address) {
    const found = await this.get(`/api/v1/search?query=${encodeURIComponent(`to:${address}`)}`)
    return found.messages.filter((message) => message.To.some((to) => to.Address.toLowerCase() === address.toLowerCase()))
  }

  /** The newest message once there are at least `count`. */
  async newest(address, count = 1) {
    const end = Date.now() + patience
    for (;;) {
      const messages = await this.list(address)
      if (messages.length >= count) return this.get(`/api/v1/message/${encodeURIComponent(messages[0].ID)}`)
      if (Date.now() > end) throw new Error(`${messages.length} of ${count} messages to ${address} arrived`)
      await sleep(50)
    }
  }

  /** The code of the newest mail. */
  async code(address, count = 1) {
    return codeIn(await this.newest(address, count), address)
  }

  /** The code of the newest SMS to a number in international form. */
  async smsCode(phone, count = 1) {
    return this.code(smsAddress(phone), count)
  }

  /** The confirmation link of the newest mail. */
  async link(address, count = 1) {
    const message = await this.newest(address, count)
    const links = (message.HTML + '\n' + message.Text).replaceAll('&amp;', '&').match(/https?:\/\/[^\s"'<>)\]]+/g) ?? []
    const link = links.map((text) => new URL(text)).find((url) => url.searchParams.has('token'))
    if (!link) throw new Error(`no confirmation link in: ${message.Text || message.HTML}`)
    return link
  }
}

export function smsAddress(phone) {
  return `${phone.replace(/\D/g, '')}@sms.local`
}

function codeIn(message, address) {
  const html = message.HTML.replace(/<(style|script|head)[^>]*>[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]+>/g, ' ')
  const text = `${message.Text ?? ''}\n${html}`.replace(/https?:\/\/\S+/g, ' ')
  const codes = text.match(/(?<![\w#&])\d{6,10}(?![\w;])/g)
  if (!codes) throw new Error(`no code in the message to ${address}: ${text.slice(0, 400)}`)
  return codes.at(-1)
}
