import { endToEndTests } from "../../vitest.base.mjs";

export default endToEndTests(300_000);
