const meta = document.querySelector<HTMLMetaElement>('meta[name="api-url"]');

export const environment = {
  /** The API's base URL, without a slash at its end. */
  apiUrl: meta?.content ?? 'http://localhost:5001',
};
