// Reads a QR code the way a camera does: the SVG is drawn, and an independent decoder reads the pixels.
import { Resvg } from '@resvg/resvg-js'
import jsQR from 'jsqr'

const dataUri = 'data:image/svg+xml;utf-8,'

/** The text in the picture that mfa.enroll returns (a data URI, or bare SVG). */
export function decodeQr(picture) {
  const svg = picture.startsWith(dataUri) ? picture.slice(dataUri.length) : picture
  const drawn = new Resvg(svg, { fitTo: { mode: 'width', value: 640 }, background: 'white' }).render()
  const found = jsQR(new Uint8ClampedArray(drawn.pixels), drawn.width, drawn.height, { inversionAttempts: 'dontInvert' })
  if (!found) throw new Error(`no QR code in ${svg.slice(0, 200)}`)
  return found.data
}
