namespace Antrea.Migration.Addressing;

/// <summary>A prefix and what is known of it.</summary>
/// <typeparam name="T">What is known.</typeparam>
/// <param name="Cidr">The prefix.</param>
/// <param name="Value">What is known of it.</param>
public readonly record struct CidrEntry<T>(Cidr Cidr, T Value);
