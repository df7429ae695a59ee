namespace Antrea.Migration.Findings;

/// <summary>A fact about the cluster or the input that a person must judge.</summary>
/// <param name="Id">Stable code in kebab case, for example <c>block-overlaps-pod-cidr</c>; what <c>--ignore</c> takes.</param>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Subject">What it is about: <c>Node/test-worker3</c>, <c>IPPool/default-ipv4-ippool</c>, a file and line.</param>
/// <param name="Evidence">What was seen, with the figures, in one sentence.</param>
/// <param name="Remedy">What to do about it, in one sentence.</param>
public sealed record Finding(string Id, Severity Severity, string Subject, string Evidence, string Remedy);
