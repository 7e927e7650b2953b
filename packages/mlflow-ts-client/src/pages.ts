import { MlflowReplyError } from "./errors.js";
import type { Page } from "./schemas.js";

/**
 * Walks through all pages of a listing, fetching each when its first item is asked for.
 * @throws MlflowReplyError when the server answers with the token it was given (some versions never advance).
 */
export async function* walkPages<T>(
  fetchPage: (pageToken: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let token: string | undefined;
  for (;;) {
    const page = await fetchPage(token);
    yield* page.items;
    if (page.nextPageToken === undefined || page.nextPageToken === "") return;
    if (page.nextPageToken === token) {
      throw new MlflowReplyError("the server repeats one page token and never reaches the last page", {
        token,
      });
    }
    token = page.nextPageToken;
  }
}

/** All items of an async iterable. */
export async function toArray<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
