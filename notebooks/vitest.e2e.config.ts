import { endToEndTests } from "../vitest.base.mjs";

export default endToEndTests(600_000);
