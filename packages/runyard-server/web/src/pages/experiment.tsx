// One experiment; see `experiments`.
export { OneExperiment as default } from "./experiments";
