declare module "cli-progress" {
  export interface Options {
    readonly format?: string;
    readonly hideCursor?: boolean;
    readonly clearOnComplete?: boolean;
    readonly stopOnComplete?: boolean;
    readonly barsize?: number;
    readonly fps?: number;
    readonly stream?: NodeJS.WritableStream;
    readonly autopadding?: boolean;
    readonly linewrap?: boolean;
    readonly gracefulExit?: boolean;
  }

  export interface SingleBar {
    setTotal(total: number): void;
    update(value: number, payload?: Readonly<Record<string, string>>): void;
    stop(): void;
  }

  export class MultiBar {
    constructor(options: Options);
    create(total: number, start: number, payload?: Readonly<Record<string, string>>): SingleBar;
    log(text: string): void;
    stop(): void;
  }
}
