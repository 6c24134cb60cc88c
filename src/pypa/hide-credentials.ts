/**
 * Text without the passwords of the URLs in it: what a file of the user's says may be shown in a sentence, a report or a lock, the
 * secrets in it never. A user alone is a secret too (`https://TOKEN@host`), except with SSH, where it is a part of the address.
 * @example hideCredentials('-i https://me:secret@host/simple') // '-i https://host/simple'
 */
export function hideCredentials(text: string): string {
  return text.replace(
    /([a-z][a-z0-9+.-]{0,20}):\/\/([^/\s@:'"`]*)(:[^/\s'"`]*)?@/gi,
    (_whole, scheme: string, user: string) => (/(?:^|\+)ssh$/i.test(scheme) ? `${scheme}://${user}@` : `${scheme}://`),
  )
}
