/**
 * Keeps the event loop awake for a moment when something is about to come: an answer, or the next invocation of a client that has just had one.
 *
 * A process that sleeps has to be woken, which takes a core of a virtual machine as long as a small function runs (30 µs). So the loop goes on looking
 * for a third of a millisecond before it sleeps. Where looking takes the core from those who are waited for, or they take longer anyway, it brings nothing;
 * so one time in sixteen it is done the other way, and then done as what is waited for came sooner. For functions that take their time, and clients that
 * do, it costs next to nothing.
 */
export class Vigil {
  /** Milliseconds that only grow. */
  readonly #now: () => number
  #count = 0
  #begun = 0
  #isLooking = false
  /** Until when it looks; 0 when nothing is expected. */
  #until = 0
  #isTurning = false
  /** How long it took until what was expected came, in milliseconds: a mean in which the last ones count most. */
  #lookingMs = lengthMs * 0.75
  #sleepingMs = lengthMs

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  begin(): void {
    const pays = this.#lookingMs < Math.min(this.#sleepingMs + toleranceMs, longMs)
    this.#count = (this.#count + 1) % trialEvery
    this.#isLooking = this.#count === 0 ? !pays : pays
    this.#begun = this.#now()
    if (!this.#isLooking) return
    this.#until = this.#begun + lengthMs
    if (this.#isTurning) return
    this.#isTurning = true
    setImmediate(this.#turn)
  }

  /** What was expected has come. */
  end(): void {
    if (this.#begun === 0) return
    // What comes later comes as late either way.
    const passedMs = Math.min(this.#now() - this.#begun, lengthMs)
    if (this.#isLooking) this.#lookingMs += (passedMs - this.#lookingMs) / weight
    else this.#sleepingMs += (passedMs - this.#sleepingMs) / weight
    this.#begun = this.#until = 0
  }

  /** With an immediate before it the loop only looks whether something has come: 3 to 5 µs, in which everybody else is served as always. */
  readonly #turn = (): void => {
    if (this.#until > this.#now()) setImmediate(this.#turn)
    else this.#isTurning = false
  }
}

const lengthMs = 0.3
/** What takes longer than this is as good as never there in time. */
const longMs = lengthMs * 0.9
/** No difference: times of this machine are not exact to more. */
const toleranceMs = 0.005
const trialEvery = 16
const weight = 8
