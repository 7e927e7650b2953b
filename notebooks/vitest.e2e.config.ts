import { endToEndTests } from "../vitest.base.mjs";

export default endToEndTests(1_800_000);
