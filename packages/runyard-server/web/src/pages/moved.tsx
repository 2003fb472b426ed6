// The address of an experiment before there was a studio; see `experiments`.
export { OldLink as default } from "./experiments";
