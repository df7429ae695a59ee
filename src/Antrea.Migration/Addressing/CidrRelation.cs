namespace Antrea.Migration.Addressing;

/// <summary>How one prefix lies to another. Prefixes never overlap by half: one of these holds.</summary>
public enum CidrRelation
{
    /// <summary>They share no address, or are of different families.</summary>
    Apart,

    /// <summary>They are the same prefix.</summary>
    Equal,

    /// <summary>The first holds all of the second and more.</summary>
    Contains,

    /// <summary>The first lies within the second, which is larger.</summary>
    Within,
}
