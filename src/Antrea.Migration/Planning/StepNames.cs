namespace Antrea.Migration.Planning;

/// <summary>How phases and kinds are spelled in a step's id.</summary>
internal static class StepNames
{
    /// <summary>The name in kebab case: <c>RestartPods</c> is <c>restart-pods</c>.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
