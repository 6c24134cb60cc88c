/** How Lambda treats asynchronous invocations that are configured no further. Source: developer guide, "Error handling for asynchronous invocation". */
export const asynchronousDefaults = {
  retryAttempts: 2,
  eventAgeSeconds: 6 * 60 * 60,
  /** Wait before the second and the third attempt, in milliseconds. */
  retryDelaysMs: [60_000, 120_000],
  /** An event that is throttled is tried again after 1 s, then twice as long each time, up to 5 minutes. */
  firstDeferralMs: 1000,
  longestDeferralMs: 300_000,
} as const
