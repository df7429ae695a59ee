namespace Antrea.Migration.Planning;

/// <summary>Something a migration needs before it can start.</summary>
/// <param name="Id">Stable code in kebab case.</param>
/// <param name="Text">What is needed, in one sentence.</param>
/// <param name="Why">What goes wrong without it, in one sentence.</param>
/// <param name="Source">Where that comes from: the component's file or page, and the version.</param>
public sealed record MigrationRequirement(string Id, string Text, string Why, string Source);
