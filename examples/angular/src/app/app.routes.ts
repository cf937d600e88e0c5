import type { Routes } from '@angular/router';

import { administrator, signedIn } from './auth/guards';

export const routes: Routes = [
  { path: '', redirectTo: '/home', pathMatch: 'full' },
  { path: 'home', title: 'Home', loadComponent: async () => (await import('./pages/home')).Home },
  {
    path: 'authentication',
    children: [
      {
        path: 'register',
        title: 'Register',
        loadComponent: async () => (await import('./pages/authentication/register')).Register,
      },
      {
        path: 'login',
        title: 'Log in',
        loadComponent: async () => (await import('./pages/authentication/login')).Login,
      },
      {
        path: 'twostepverification',
        title: 'Two-step verification',
        loadComponent: async () =>
          (await import('./pages/authentication/two-step-verification')).TwoStepVerification,
      },
      {
        path: 'forgotpassword',
        title: 'Forgot password',
        loadComponent: async () => (await import('./pages/authentication/forgot-password')).ForgotPassword,
      },
      {
        path: 'resetpassword',
        title: 'Reset password',
        loadComponent: async () => (await import('./pages/authentication/reset-password')).ResetPassword,
      },
      {
        path: 'emailconfirmation',
        title: 'E-mail confirmation',
        loadComponent: async () => (await import('./pages/authentication/email-confirmation')).EmailConfirmation,
      },
    ],
  },
  {
    path: 'company/companies',
    title: 'Companies',
    canActivate: [signedIn],
    loadComponent: async () => (await import('./pages/company/companies')).Companies,
  },
  {
    path: 'privacy',
    title: 'Privacy',
    canActivate: [signedIn, administrator],
    loadComponent: async () => (await import('./pages/privacy')).Privacy,
  },
  { path: 'forbidden', title: 'Forbidden', loadComponent: async () => (await import('./pages/forbidden')).Forbidden },
  { path: '404', title: 'Not found', loadComponent: async () => (await import('./pages/not-found')).NotFound },
  { path: '**', redirectTo: '/404' },
];
