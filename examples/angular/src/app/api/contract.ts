// The bodies of /api/accounts and /api/companies, as the server promises them.

export interface Registration {
  firstName: string;
  lastName: string;
  email: string;
  password: string;
  confirmPassword: string;
  /** The page that the mailed link opens. */
  clientURI: string;
}

/** 400 */
export interface RegistrationRefused {
  isSuccessfulRegistration: false;
  errors: string[];
}

export interface Login {
  email: string;
  password: string;
  /** The page that the mail about a locked account links to. */
  clientURI?: string;
}

export interface TwoStepVerification {
  email: string;
  provider: string;
  /** The code. */
  token: string;
  /** From the login's answer; the server then need not tell the caller by its address. */
  challengeId?: string;
}

/** The answer of a login and of a verification. */
export type AuthResponse = SignedIn | SecondStep | LoginRefused;

export interface SignedIn {
  isAuthSuccessful: true;
  errorMessage: null;
  /** A JWT. */
  token: string;
  is2StepVerificationRequired: false;
  provider: null;
}

export interface SecondStep {
  isAuthSuccessful: false;
  errorMessage: null;
  token: null;
  is2StepVerificationRequired: true;
  /** How the code is sent. */
  provider: string;
  challengeId: string;
  /** All providers that this user could use. */
  providers: string[];
  /** RFC 3339, UTC. */
  expiresAt: string;
}

/** 401 */
export interface LoginRefused {
  isAuthSuccessful: false;
  errorMessage: string;
  token: null;
  is2StepVerificationRequired: false;
  provider: null;
}

export interface ForgotPassword {
  email: string;
  /** The page that the mailed link opens. */
  clientURI: string;
}

export interface ResetPassword {
  password: string;
  confirmPassword: string;
  token: string;
  email: string;
}

/** 400 */
export interface ResetRefused {
  errors: string[];
}

export interface EmailConfirmation {
  token: string;
  email: string;
}

export interface Company {
  id: string;
  name: string;
  fullAddress: string;
}

/** A claim of the token that was sent. */
export interface Claim {
  type: string;
  value: string;
}

/** The bodies of refusals; the other routes answer 400 with a plain text. */
export type Refusal = string | RegistrationRefused | ResetRefused | LoginRefused;

/** The token's claims that this client looks at. */
export interface TokenClaims {
  /** Seconds since 1970. */
  exp: number;
  email: string;
  [ROLE_CLAIM]?: string | string[];
}

export const ROLE_CLAIM = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
