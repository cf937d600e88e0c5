import type { TokenClaims } from '../api/contract';
import { ROLE_CLAIM } from '../api/contract';

/** The claims of a JWT. Its signature is the server's business: here they only decide what is shown. */
export function claimsOf(token: string): TokenClaims | null {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as TokenClaims;
  } catch {
    return null;
  }
}

/** The roles of a token: its claim is a text for one role, a list for several. */
export function rolesOf(claims: TokenClaims): string[] {
  return [claims[ROLE_CLAIM] ?? []].flat();
}

/** Milliseconds until a token expires; 0 when it has. */
export function lifetimeOf(claims: TokenClaims): number {
  return Math.max(0, claims.exp * 1000 - Date.now());
}
