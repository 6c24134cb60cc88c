/**
 * Keeps the event loop awake for a moment when something is about to come: an answer, or the next invocation of a client that has just had one.
 *
 * A process that sleeps has to be woken, which takes a core of a virtual machine as long as a small function runs (30 µs). So the loop goes on looking
 * for a fifth of a millisecond before it sleeps. Whoever looks in vain several times in a row stops doing so, and tries again now and then: for
 * functions that take their time, and clients that do, it costs next to nothing.
 */
export class Vigil {
  /** On the clock of `performance.now()`; 0 when nothing is expected. */
  #until = 0
  #isTurning = false
  /** Times in a row that nothing came. */
  #vain = 0
  #passedOver = 0

  begin(): void {
    if (this.#vain >= vainLimit) {
      this.#passedOver = (this.#passedOver + 1) % triesAgainAfter
      if (this.#passedOver !== 0) return
    }
    this.#until = performance.now() + lengthMs
    if (this.#isTurning) return
    this.#isTurning = true
    setImmediate(this.#turn)
  }

  /** What was expected has come. */
  end(): void {
    if (this.#until > 0) this.#vain = 0
    this.#until = 0
  }

  /** With an immediate before it the loop only looks whether something has come: 3 to 5 µs, in which everybody else is served as always. */
  readonly #turn = (): void => {
    if (this.#until > performance.now()) setImmediate(this.#turn)
    else {
      this.#isTurning = false
      if (this.#until > 0) this.#vain += 1
      this.#until = 0
    }
  }
}

const lengthMs = 0.2
const vainLimit = 8
const triesAgainAfter = 16
