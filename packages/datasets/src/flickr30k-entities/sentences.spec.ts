import { expect, it } from "vitest";
import { parseSentences } from "./sentences.js";
import { parseUnrelatedCaptions } from "./unrelated-captions.js";

const TEXT = `[/EN#1/people Two young men] with [/EN#2/bodyparts long hair] look at [/EN#3/bodyparts their hands] .
[/EN#6/people A man] talks to [/EN#0/notvisual each other] .
[/EN#1/people Two friends] ride [/EN#9/vehicles/scene the train] .
`;

it("gives captions without markup, and phrases with chain, types and place", () => {
  const { sentences, problems } = parseSentences("1.txt", TEXT);
  expect(problems).toEqual([]);
  expect(sentences.map(({ text }) => text)).toEqual([
    "Two young men with long hair look at their hands .",
    "A man talks to each other .",
    "Two friends ride the train .",
  ]);
  expect(sentences[0]?.phrases).toEqual([
    { chain: 1, types: ["people"], text: "Two young men", firstWord: 0 },
    { chain: 2, types: ["bodyparts"], text: "long hair", firstWord: 4 },
    { chain: 3, types: ["bodyparts"], text: "their hands", firstWord: 8 },
  ]);
  expect(sentences[2]?.phrases[1]).toEqual({
    chain: 9,
    types: ["vehicles", "scene"],
    text: "the train",
    firstWord: 3,
  });
  for (const { text, phrases } of sentences)
    for (const phrase of phrases) {
      const words = phrase.text.split(" ");
      expect(text.split(" ").slice(phrase.firstWord, phrase.firstWord + words.length)).toEqual(words);
    }
});

it("reports markup that is not closed, nested or without a type, by line", () => {
  const lines = ["[/EN#1/people Two men", "[/EN#1/people Two [/EN#2/other men]]", "[/EN#1 Two men]", "fine"];
  const { sentences, problems } = parseSentences("1.txt", lines.join("\n"));
  expect(problems.map(({ record }) => record)).toEqual(["line 1", "line 2", "line 3"]);
  expect(sentences).toEqual([{ number: 4, text: "fine", phrases: [] }]);
  expect(parseSentences("1.txt", "\n").problems[0]?.code).toBe("CAPTION_EMPTY");
});

it("takes hostile markup in time that grows with its length", () => {
  const started = performance.now();
  for (const piece of ["[/EN#1/people ", "[/EN#1/a/a/a", "[/EN#", "]", "[/EN#1/people a] "])
    parseSentences("1.txt", piece.repeat(100_000));
  expect(performance.now() - started).toBeLessThan(5000);
});

it("reads the captions that are about another photo", () => {
  const { unrelated, problems } = parseUnrelatedCaptions(
    "U",
    "# format: <imageID> <sentence number>\n12 5\n12 1\n9 2\nx\n",
  );
  expect(Object.fromEntries([...unrelated].map(([id, numbers]) => [id, [...numbers]]))).toEqual({
    12: [5, 1],
    9: [2],
  });
  expect(problems).toMatchObject([{ record: "line 5" }]);
});
