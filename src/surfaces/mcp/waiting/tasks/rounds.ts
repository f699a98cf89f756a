/** One round at a time: a bell during a round means one more, because what it announced may have come after the look. */
export class Rounds {
  readonly #round: () => Promise<void>;
  #going = false;
  #rang = false;

  constructor(round: () => Promise<void>) {
    this.#round = round;
  }

  ring(): void {
    this.#rang = true;
    if (!this.#going) void this.#go();
  }

  async #go(): Promise<void> {
    this.#going = true;
    while (this.#rang) {
      this.#rang = false;
      await this.#round().catch(() => {});
    }
    this.#going = false;
  }
}
