using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Planning;

/// <summary>How Calico is moved out of the PodCIDRs before anything of Antrea's is installed.</summary>
/// <remarks>Draining a Node leaves its block, its tunnel address and both routes, and an emptied block would be claimed again: the
/// Node's name decides which one it takes. So the old pools are disabled, Pods and tunnel addresses move to new ones, and the ranges are given up.</remarks>
public sealed record Readdressing
{
    /// <summary>The pools to make, one a family.</summary>
    public required ImmutableArray<NewPool> Pools { get; init; }

    /// <summary>The names of the pools that reach into PodCIDRs: they give out no more addresses.</summary>
    public required ImmutableArray<string> OldPools { get; init; }

    /// <summary>The old pools as they were, as JSON objects in the order of <see cref="OldPools"/>: a rollback makes them so again.</summary>
    public ImmutableArray<string> OldPoolObjects { get; init; } = [];

    /// <summary>What is given up: Pods with addresses in it restart, its blocks are released.</summary>
    public required ImmutableArray<Cidr> Ranges { get; init; }

    /// <summary>The Nodes that are cordoned while it happens and uncordoned at the end of the migration; empty where too many are concerned.</summary>
    public required ImmutableArray<string> CordonedNodes { get; init; }

    /// <summary>Whether <see cref="Ranges"/> is all that the old pools have given out, so that they can be deleted at once.</summary>
    public required bool EmptiesOldPools { get; init; }

    /// <summary>Whether the old pools are deleted at all, as soon as nothing is left in them; otherwise they go with Calico.</summary>
    public required bool DeletesOldPools { get; init; }
}

/// <summary>An IPPool that a migration makes.</summary>
/// <param name="Name">The object's name.</param>
/// <param name="Cidr">Its range, disjoint from everything known.</param>
/// <param name="BlockSize">Prefix length of its blocks.</param>
/// <param name="Replaces">The pool whose settings it takes over; null where none is known.</param>
public sealed record NewPool(string Name, Cidr Cidr, int BlockSize, string? Replaces);
